import type { Browser, Page } from "puppeteer-core";
import { startHostileProvider, type HostileProvider } from "../support/hostile-provider.ts";
import { installPageApp, type PageAppOptions } from "./page-app.ts";
import { installPageClock } from "./page-clock.ts";
import { startHourSite } from "./site.ts";

export interface Scenario {
  /** Begins with the ids of `test/faults.md`. */
  readonly title: string;
  /** Whether a user is signed in when the hour begins. */
  readonly signedIn?: boolean;
  readonly app?: Partial<Pick<PageAppOptions, "afterCallback" | "token" | "asks">>;
  /** Before the login of a user who is signed in. */
  readonly before?: (provider: HostileProvider) => void;
  /** What the provider does from the beginning of the hour. */
  readonly prepare: (provider: HostileProvider) => void;
  /** Which requests are too many. Default: more than 10, of any kind. */
  readonly check?: (hour: Hour) => void;
  /** The hour ends early after so many requests. Default 60. */
  readonly tooMany?: number;
}

export interface HourOptions {
  readonly tabs: number;
  /** `window`: all of them are visible. `tab`: the last one is. */
  readonly type: "tab" | "window";
  readonly pollMs: number;
  readonly reloadMs: number;
}

/** A request that Latchkey sent by itself, and when: milliseconds since the hour began. */
export interface TimedRequest {
  readonly what: string;
  readonly atMs: number;
}

export interface Hour {
  readonly requests: readonly TimedRequest[];
  /** Less than an hour when there were so many requests that the rest does not matter. */
  readonly lengthMs: number;
}

const HOUR_MS = 3_600_000;
/** Pages whose next timers are this close together go on at the same instant. */
const STEP_MS = 200;
const MAX_STEP_MS = 5_000;
const TOO_MANY = 60;
/** Real time for one step of one page, with all its navigations. */
const PATIENCE_MS = 30_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One hour of an app in some tabs of a browser profile of its own. */
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
    const usual: PageAppOptions = {
      issuer,
      pollMs,
      reloadMs,
      afterCallback: "route",
      token: {},
      asks: "token",
    };
    return [
      `(${installPageClock.toString()})(${now});`,
      `(${installPageApp.toString()})(${JSON.stringify({ ...usual, ...app })});`,
    ].join("\n");
  });
  provider.now = () => now;
  // Of the login, also in refreshed ID tokens.
  provider.claims = (claims) => ({ ...claims, auth_time: Math.floor(start / 1_000) });
  const context = await browser.createBrowserContext();
  const { requests } = provider;
  const tooMany = scenario.tooMany ?? TOO_MANY;

  async function openTab(tab: number): Promise<Page> {
    const page = await context.newPage({ type: options.type });
    if (await page.evaluate(() => document.hidden)) throw new Error("a new tab is not visible");
    // The app may leave for the login page before the page counts as loaded.
    page.goto(`${site.origin}/?tab=${tab}`).catch(() => {});
    return page;
  }

  /** The page's next timer, once everything is done that the page does at this time. */
  async function settle(page: Page): Promise<number> {
    const deadline = performance.now() + PATIENCE_MS;
    let problem = "it is on its way to another page";
    while (requests.length < tooMany) {
      const next = await page
        .evaluate((to) => window.pageClock?.advance(to), now)
        .catch((error: unknown) => void (problem = String(error)));
      if (next !== undefined) return next;
      if (performance.now() > deadline)
        throw new Error(
          `${page.url()} does not come to rest after ${requests.length} requests: ${problem}`,
        );
      await pause(2);
    }
    return Infinity;
  }

  /** Leaves a session in the profile. */
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
    // First the servers: a page that is sent from one to the other and back would not close.
    await Promise.all([provider.close(), site.close()]);
    await context.close();
  }
}
