import {
  launch,
  TargetType,
  type Browser,
  type BrowserContext,
  type HTTPRequest,
  type Page,
} from "puppeteer-core";
import { findBrowser } from "./find-browser.ts";

/** Flags with which the browser connects only to this machine. */
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

/** Flags by which Puppeteer keeps hidden tabs running. Without them the browser throttles hidden tabs, as for users. */
const AWAKE = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/** Options of `launchBrowser()`. */
export interface LaunchOptions {
  /** Let the browser throttle and freeze hidden tabs. Default: false. */
  readonly sleepyTabs?: boolean;
  /** Allow popups in a click only, as for users. Default: false. */
  readonly popupBlocking?: boolean;
  readonly args?: readonly string[];
  /** A folder for the profile, which stays when the browser closes. */
  readonly profile?: string;
  /** Allow `browser.installExtension()`. Default: false. */
  readonly extensions?: boolean;
}

/** Launches a headless browser. Without `profile`, its profile is deleted when it closes. */
export async function launchBrowser({
  sleepyTabs = false,
  popupBlocking = false,
  args = [],
  profile,
  extensions = false,
}: LaunchOptions = {}): Promise<Browser> {
  return launch({
    executablePath: await findBrowser(),
    headless: true,
    ...(profile !== undefined && { userDataDir: profile }),
    ...(extensions && { pipe: true, enableExtensions: true }),
    // The sandbox refuses to start for root.
    args: [...QUIET, ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), ...args],
    ignoreDefaultArgs: [
      ...(sleepyTabs ? AWAKE : []),
      ...(popupBlocking ? ["--disable-popup-blocking"] : []),
    ],
  });
}

/** Ends the browser without a shutdown, as a power failure does. */
export async function kill(browser: Browser): Promise<void> {
  const process = browser.process()!;
  const ended = new Promise((resolve) => process.once("exit", resolve));
  process.kill("SIGKILL");
  await ended;
}

/** Viewport and color scheme of a tab. */
export interface TabOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
}

/** An open tab, its requests and its errors. */
export interface Tab {
  readonly page: Page;
  readonly requests: RequestLog;
  /** Uncaught errors and `console.error` of the page. */
  readonly errors: readonly string[];
}

/** Opens a tab. Tabs of one context share storage, locks and channels. The log has all requests from the first one on. */
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

/** Returns the page of the tab that `open` opens, for example by a click on a link with `target=_blank`. */
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

/** Waits until the element shows the text. Hidden tabs run no animation frames, so this function polls by a timer. */
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

/** Waits until the element is on the page and visible, also in hidden tabs. */
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

/** The requests of a page, without their query strings, which contain codes. */
class RequestLog {
  readonly #lines: string[] = [];

  constructor(page: Page) {
    page.on("request", (request: HTTPRequest) => {
      const { origin, pathname } = new URL(request.url());
      this.#lines.push(`${request.method()} ${origin}${pathname}`);
    });
  }

  /** All requests, such as `POST http://localhost:4700/token`. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** The requests to URLs that begin with `prefix`. */
  to(prefix: string): readonly string[] {
    return this.#lines.filter((line) => line.slice(line.indexOf(" ") + 1).startsWith(prefix));
  }

  reset(): void {
    this.#lines.length = 0;
  }
}
