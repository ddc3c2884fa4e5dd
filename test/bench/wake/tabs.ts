import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "puppeteer-core";
import { launchBrowser } from "../../support/browser.ts";
import { chooseAtLogin } from "../../support/login-page.ts";
import type { Woken } from "./page/waker.ts";
import type { Way } from "./page/words.ts";
import { startWakeSite, type WakeSite } from "./site.ts";

const TOKEN_S = 120;
/** Short, so that the clock stays within the lifetime of an ID token, an hour. Milliseconds. */
const SLEEP_MS = (TOKEN_S + 1) * 1_000;
/** After this time without a request, the tabs are idle. Milliseconds. */
const IDLE_MS = 1_000;

/** Tabs of one browser with a stored session. Each tab can run Latchkey and the minimum. */
export class Tabs {
  readonly site: WakeSite;
  readonly #waker: Page;
  readonly #pages: Page[] = [];
  #sleptMs = 0;

  private constructor(site: WakeSite, waker: Page) {
    this.site = site;
    this.#waker = waker;
  }

  /** Opens `count` tabs in a new browser, and calls `play` with them. */
  static async play<T>(count: number, play: (tabs: Tabs) => Promise<T>): Promise<T> {
    const site = await startWakeSite();
    try {
      site.provider.setAccessTokenTtl(TOKEN_S);
      const browser = await launchBrowser({ args: ["--ignore-certificate-errors"] });
      try {
        const context = await browser.createBrowserContext();
        const waker = await context.newPage();
        const tabs = new Tabs(site, waker);
        await tabs.#signIn();
        await waker.goto(`${site.origin}/waker.html`);
        while (tabs.#pages.length < count) tabs.#pages.push(await context.newPage());
        return await play(tabs);
      } finally {
        await browser.close();
      }
    } finally {
      await site.close();
    }
  }

  /** Loads all tabs again, and waits until they are idle. No tab has then ever refreshed a token. */
  async load(way: Way): Promise<void> {
    for (const page of this.#pages) {
      await page.goto(`${this.site.origin}/?slept=${this.#sleptMs}&way=${way}`);
      await page.evaluate(() => window.ready);
    }
    while (performance.now() - this.site.requestedAt() < IDLE_MS) await sleep(IDLE_MS / 10);
  }

  /** Expires all tokens. All tabs request a new one at the same instant. */
  wake(way: Way): Promise<Woken> {
    this.#sleptMs += SLEEP_MS;
    const word = { way, sleptMs: SLEEP_MS };
    const count = this.#pages.length;
    return this.#waker.evaluate((word, tabs) => window.wake(word, tabs), word, count);
  }

  /** Logs in. A page without a session navigates to the login page by itself. */
  async #signIn(): Promise<void> {
    const url = `${this.site.origin}/`;
    // Not `goto()`, which would wait for a page that navigates away.
    await this.#waker.evaluate((url) => location.assign(url), url);
    await chooseAtLogin(this.#waker, "ada");
    await this.#waker.evaluate(() => window.ready);
  }
}
