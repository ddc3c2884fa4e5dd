import {
  launch,
  TargetType,
  type Browser,
  type BrowserContext,
  type HTTPRequest,
  type Page,
} from "puppeteer-core";
import { findBrowser } from "./find-browser.ts";

/** A browser that talks to nobody but this machine. */
const QUIET = [
  "--no-first-run",
  "--no-default-browser-check",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-domain-reliability",
  "--disable-sync",
  "--disable-features=AutofillServerCommunication,MediaRouter,OptimizationHints,Translate",
  "--metrics-recording-only",
  "--safebrowsing-disable-auto-update",
  "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1 , EXCLUDE [::1]",
];

/** Puppeteer keeps hidden tabs awake; without these flags they sleep as they do for people. */
const AWAKE = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

export interface LaunchOptions {
  /** Let the browser throttle and freeze hidden tabs. Default false. */
  readonly sleepyTabs?: boolean;
  /** Open windows in a click only, as for people. Default false. */
  readonly popupBlocking?: boolean;
  readonly args?: readonly string[];
  /** A folder that outlives the browser. */
  readonly profile?: string;
}

/** A headless browser with a profile of its own, which goes away with it. */
export async function launchBrowser({
  sleepyTabs = false,
  popupBlocking = false,
  args = [],
  profile,
}: LaunchOptions = {}): Promise<Browser> {
  return launch({
    executablePath: await findBrowser(),
    headless: true,
    ...(profile !== undefined && { userDataDir: profile }),
    // The sandbox refuses to start for root.
    args: [...QUIET, ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), ...args],
    ignoreDefaultArgs: [
      ...(sleepyTabs ? AWAKE : []),
      ...(popupBlocking ? ["--disable-popup-blocking"] : []),
    ],
  });
}

/** As when the machine loses its power: nobody is asked to put anything in order. */
export async function kill(browser: Browser): Promise<void> {
  const process = browser.process()!;
  const ended = new Promise((resolve) => process.once("exit", resolve));
  process.kill("SIGKILL");
  await ended;
}

export interface TabOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
}

export interface Tab {
  readonly page: Page;
  readonly requests: RequestLog;
  /** Uncaught errors and `console.error` of the page. */
  readonly errors: readonly string[];
}

/** A new tab; tabs of one context share storage, locks and channels. Requests are counted from the first one. */
export async function openTab(
  context: BrowserContext,
  url?: string,
  options: TabOptions = {},
): Promise<Tab> {
  const { width = 1280, height = 800, dark = false } = options;
  const page = await context.newPage();
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: dark ? "dark" : "light" },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
  return watch(page, url);
}

/** The tab that `open` opens, such as a click on a link with `target=_blank`. */
export async function tabOpenedBy(
  context: BrowserContext,
  open: () => Promise<unknown>,
): Promise<Page> {
  const known = new Set(await context.pages());
  const [target] = await Promise.all([
    context.waitForTarget(async (candidate) => {
      const page = candidate.type() === TargetType.PAGE ? await candidate.page() : null;
      return page !== null && !known.has(page);
    }),
    open(),
  ]);
  const page = await target.page();
  if (page === null) throw new Error("the new tab has no page");
  return page;
}

async function watch(page: Page, url: string | undefined): Promise<Tab> {
  const requests = new RequestLog(page);
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error")
      errors.push(`${message.text()} ${message.location().url ?? ""}`.trim());
  });
  if (url !== undefined) await page.goto(url);
  return { page, requests, errors };
}

/** Until the element shows the text; in hidden tabs too, where Puppeteer's own wait sleeps with the tab's frames. */
export async function waitForText(
  page: Page,
  selector: string,
  text: string,
  timeoutMs = 15_000,
): Promise<void> {
  await page.waitForFunction(
    (where, what) => document.querySelector<HTMLElement>(where)?.innerText.includes(what) ?? false,
    { polling: 50, timeout: timeoutMs },
    selector,
    text,
  );
}

/** Until the element is on the page and visible; in hidden tabs too. */
export async function waitForShown(
  page: Page,
  selector: string,
  timeoutMs = 15_000,
): Promise<void> {
  await page.waitForFunction(
    (where) => document.querySelector(where)?.checkVisibility() ?? false,
    { polling: 50, timeout: timeoutMs },
    selector,
  );
}

/** The URLs that a page asked for, without their queries: those carry codes. */
class RequestLog {
  readonly #lines: string[] = [];

  constructor(page: Page) {
    page.on("request", (request: HTTPRequest) => {
      const { origin, pathname } = new URL(request.url());
      this.#lines.push(`${request.method()} ${origin}${pathname}`);
    });
  }

  /** Such as `POST http://localhost:4700/token`. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Those to URLs that begin so. */
  to(prefix: string): readonly string[] {
    return this.#lines.filter((line) => line.slice(line.indexOf(" ") + 1).startsWith(prefix));
  }

  reset(): void {
    this.#lines.length = 0;
  }
}
