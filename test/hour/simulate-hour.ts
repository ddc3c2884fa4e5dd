import type { Browser, Page } from "puppeteer-core";
import { startHostileProvider, type HostileProvider } from "../support/hostile-provider.ts";
import { installPageApp, type PageAppOptions } from "./page-app.ts";
import { installPageClock } from "./page-clock.ts";
import { startHourSite } from "./site.ts";

/** A server that no app can work with, and the limits of requests to it. */
export interface Scenario {
  /** Starts with the ids of `test/faults.md`. */
  readonly title: string;
  /** Whether a user is signed in when the hour begins. */
  readonly signedIn?: boolean;
  readonly app?: Partial<Pick<PageAppOptions, "afterCallback" | "token" | "asks">>;
  /** Prepares the provider before the login of `signedIn`. */
  readonly before?: (provider: HostileProvider) => void;
  /** Sets the provider's behaviour at the start of the hour. */
  readonly prepare: (provider: HostileProvider) => void;
  /** The number of requests of any kind, in tabs of one window. Default: 10. */
  readonly limit?: number;
  /** Replaces the limit: fails when there are too many requests. */
  readonly check?: (hour: Hour) => void;
  /** The hour ends early after this number of requests. Default 60. */
  readonly tooMany?: number;
}

/** The tabs of an hour, and how often the app polls and reloads. */
export interface HourOptions {
  readonly tabs: number;
  /** `window`: all tabs are visible. `tab`: only the last one is. */
  readonly type: "tab" | "window";
  readonly pollMs: number;
  readonly reloadMs: number;
}

/** A request that Latchkey sent by itself. `atMs`: milliseconds since the start of the hour. */
export interface TimedRequest {
  readonly what: string;
  readonly atMs: number;
}

/** The result of a simulated hour. */
export interface Hour {
  readonly requests: readonly TimedRequest[];
  /** Less than an hour when the hour ended early because of `tooMany` requests. */
  readonly lengthMs: number;
}

const HOUR_MS = 3_600_000;
/** The clock moves at least this far, so pages with timers this close together run at the same instant. */
const STEP_MS = 200;
const MAX_STEP_MS = 5_000;
const TOO_MANY = 60;
/** Real time for one step of one page, including all navigations. */
const PATIENCE_MS = 30_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Simulates one hour of an app in tabs of a new browser profile. */
export async function simulateHour(
  browser: Browser,
  bundle: string,
  scenario: Scenario,
  options: HourOptions,
): Promise<Hour> {
  let now = Date.now();
  const start = now;
  let app: Partial<PageAppOptions> = {};
  const provider = await startHostileProvider();
  const site = await startHourSite(bundle, () => {
    const { pollMs, reloadMs } = options;
    const { issuer } = provider;
    const defaults: PageAppOptions = {
      issuer,
      pollMs,
      reloadMs,
      afterCallback: "route",
      token: {},
      asks: "token",
    };
    return [
      `(${installPageClock.toString()})(${now});`,
      `(${installPageApp.toString()})(${JSON.stringify({ ...defaults, ...app })});`,
    ].join("\n");
  });
  provider.now = () => now;
  // The time of the login, also in refreshed ID tokens.
  provider.claims = (claims) => ({ ...claims, auth_time: Math.floor(start / 1_000) });
  const context = await browser.createBrowserContext();
  const { requests } = provider;
  const tooMany = scenario.tooMany ?? TOO_MANY;

  async function openTab(tab: number): Promise<Page> {
    const page = await context.newPage({ type: options.type });
    if (await page.evaluate(() => document.hidden)) throw new Error("a new tab is not visible");
    // The app may navigate to the login page before the page has loaded.
    page.goto(`${site.origin}/?tab=${tab}`).catch(() => {});
    return page;
  }

  /** Waits until the page is idle at this time. Returns the time of its next timer. */
  async function settle(page: Page): Promise<number> {
    const deadline = performance.now() + PATIENCE_MS;
    let problem = "it navigates to another page";
    while (requests.length < tooMany) {
      const next = await page
        .evaluate((to) => window.pageClock?.advance(to), now)
        .catch((error: unknown) => void (problem = String(error)));
      if (next !== undefined) return next;
      if (performance.now() > deadline)
        throw new Error(
          `${page.url()} does not become idle after ${requests.length} requests: ${problem}`,
        );
      await pause(2);
    }
    return Infinity;
  }

  /** Logs a user in, so that the profile has a session. */
  async function signIn(): Promise<void> {
    const page = await openTab(0);
    // The provider's last response is the keys; then the page stores the session.
    while (provider.count("GET /jwks") === 0) await settle(page);
    await settle(page);
    await page.close();
    requests.length = 0;
  }

  try {
    if (scenario.signedIn) {
      scenario.before?.(provider);
      await signIn();
    }
    app = scenario.app ?? {};
    scenario.prepare(provider);
    const pages: Page[] = [];
    while (pages.length < options.tabs) pages.push(await openTab(pages.length));
    while (now - start < HOUR_MS) {
      const next = Math.min(...(await Promise.all(pages.map(settle))));
      if (requests.length >= tooMany) break;
      now = Math.min(Math.max(next, now + STEP_MS), now + MAX_STEP_MS, start + HOUR_MS);
    }
    return {
      requests: requests
        .filter(({ what }) => what !== "GET /favicon.ico")
        .map(({ what, at }) => ({ what, atMs: at - start })),
      lengthMs: now - start,
    };
  } finally {
    // The servers close first, because a page that they redirect in a loop would not close.
    await Promise.all([provider.close(), site.close()]);
    await context.close();
  }
}
