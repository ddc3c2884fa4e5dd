import { fileURLToPath } from "node:url";
import type { BrowserContext, Page } from "puppeteer-core";
import type { RunningDemo } from "../../../demo/server/demo.ts";
import { launchBrowser } from "../../support/browser.ts";
import { startBuiltDemo } from "../../support/demo.ts";
import { chooseAtLogin } from "../../support/login-page.ts";
import type { Woken } from "./page/waker.ts";
import type { Way } from "./page/words.ts";

const PAGE = { base: "/bench/wake/", root: fileURLToPath(new URL("page", import.meta.url)) };
const CALLBACK = "/bench/wake/callback";
const TOKEN_S = 20;
/** Short, so that the clock stays within the lifetime of an ID token, an hour. Milliseconds. */
const SLEEP_MS = (TOKEN_S + 1) * 1_000;

/** Tabs of one browser context with a stored session. Each tab can run Latchkey and the minimum. */
export class Tabs {
  readonly demo: RunningDemo;
  readonly #context: BrowserContext;
  readonly #waker: Page;
  readonly #pages: Page[] = [];
  #sleptMs = 0;

  private constructor(demo: RunningDemo, context: BrowserContext, waker: Page) {
    this.demo = demo;
    this.#context = context;
    this.#waker = waker;
  }

  static async play(play: (tabs: Tabs) => Promise<void>): Promise<void> {
    const demo = await startBuiltDemo({ pages: [PAGE], redirectPaths: [CALLBACK] });
    try {
      demo.provider.setAccessTokenTtl(TOKEN_S);
      const browser = await launchBrowser();
      try {
        const context = await browser.createBrowserContext();
        const waker = await context.newPage();
        const tabs = new Tabs(demo, context, waker);
        await tabs.#signIn();
        await waker.goto(`${demo.origin}${PAGE.base}waker.html`);
        await play(tabs);
      } finally {
        await browser.close();
      }
    } finally {
      await demo.close();
    }
  }

  get count(): number {
    return this.#pages.length;
  }

  async openUpTo(count: number): Promise<void> {
    while (this.#pages.length < count) {
      const page = await this.#context.newPage();
      await page.goto(`${this.demo.origin}${PAGE.base}?slept=${this.#sleptMs}`);
      await page.evaluate(() => window.ready);
      this.#pages.push(page);
    }
  }

  /** Expires all tokens. All tabs request a new one at the same instant. */
  wake(way: Way): Promise<Woken> {
    this.#sleptMs += SLEEP_MS;
    const word = { way, sleptMs: SLEEP_MS };
    return this.#waker.evaluate((word, tabs) => window.wake(word, tabs), word, this.count);
  }

  /** Logs in. A page without a session navigates to the login page by itself. */
  async #signIn(): Promise<void> {
    const url = `${this.demo.origin}${PAGE.base}`;
    // Not `goto()`, which would wait for a page that navigates away.
    await this.#waker.evaluate((url) => location.assign(url), url);
    await chooseAtLogin(this.#waker, "ada");
    await this.#waker.evaluate(() => window.ready);
  }
}
