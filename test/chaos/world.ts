import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { expect } from "vitest";
import { startProvider, type RunningProvider } from "../../demo/server/provider.ts";
import type { CreateAuthConfig } from "../../src/compose/create-auth.ts";
import type { BareSite } from "../support/bare-site.ts";
import { getToken, status, type Outcome } from "../support/bare-page.ts";
import { sabotagePage } from "./sabotage.ts";
import { isReal, TIMING, type Channels } from "./timing.ts";
import { watchServer, type ServerCounts } from "./server-counts.ts";

/** The options of `createAuth()` that a world sets. */
export type Options = Pick<CreateAuthConfig, "timing" | "persist" | "reuseLeewayMs">;

/** The settings of a world. */
export interface WorldConfig extends Options {
  readonly channels?: Channels;
  /** Reuse leeway of the server. Default 30 s, or 60 s with `CHAOS=real`. */
  readonly leewaySeconds?: number;
}

/** Lifetime of access tokens, short enough that no ID token expires during all tests. Seconds. */
const TOKEN_S = 120;

/** A provider, and tabs of one browser profile. */
export class World {
  readonly provider: RunningProvider;
  readonly counts: () => ServerCounts;
  #context: BrowserContext | Browser;
  readonly #url: string;
  readonly #channels: Channels;
  readonly #options: Options;
  #sleptMs = 0;

  private constructor(
    provider: RunningProvider,
    context: BrowserContext | Browser,
    url: string,
    { channels = "locks and messages", timing, persist, reuseLeewayMs }: WorldConfig,
  ) {
    this.provider = provider;
    this.counts = watchServer(provider);
    this.#context = context;
    this.#url = url;
    this.#channels = channels;
    this.#options = {
      timing: { ...TIMING, ...timing },
      ...(persist && { persist }),
      ...(reuseLeewayMs !== undefined && { reuseLeewayMs }),
    };
  }

  static async create(
    site: BareSite,
    context: BrowserContext | Browser,
    config: WorldConfig = {},
  ): Promise<World> {
    const { leewaySeconds = isReal ? 60 : 30 } = config;
    const provider = await startProvider({
      port: 0,
      origins: [site.origin],
      autoLogin: true,
      accessTokenTtlSeconds: TOKEN_S,
      reuseLeewaySeconds: leewaySeconds,
    });
    return new World(provider, context, `${site.origin}/bare/`, config);
  }

  /** Opens all later tabs in this context, after a restart of the browser. */
  moveTo(context: BrowserContext | Browser): void {
    this.#context = context;
  }

  async open(): Promise<Page> {
    const page = await this.#context.newPage();
    await page.evaluateOnNewDocument(sabotagePage, this.#channels, this.#sleptMs);
    await page.goto(this.#url);
    await this.create(page);
    return page;
  }

  /** Creates `window.auth` in a page that has loaded. */
  async create(page: Page): Promise<void> {
    await page.waitForFunction(() => window.latchkey !== undefined, { polling: 20 });
    await page.evaluate(
      (issuer, options) => {
        window.auth = window.latchkey.createAuth({
          issuer,
          clientId: "latchkey-demo",
          redirectUri: "/bare/callback",
          ...options,
        });
      },
      this.provider.issuer,
      this.#options,
    );
  }

  /** Opens tabs with a session of Ada. The clocks of the tabs are right. */
  async signIn(count: number): Promise<Page[]> {
    this.#sleptMs = 0;
    const first = await this.open();
    await first.evaluate(async () => {
      const userAgent = new window.latchkey.PopupUserAgent("relay.html");
      await window.auth.login({ loginHint: "ada", userAgent });
    });
    const tabs = [first];
    while (tabs.length < count) tabs.push(await this.open());
    await Promise.all(tabs.map((page) => status(page, "authenticated")));
    return tabs;
  }

  /** Moves the clock of all tabs forward until every access token has expired. */
  async expire(tabs: readonly Page[]): Promise<void> {
    const ms = (TOKEN_S + 1) * 1_000;
    await Promise.all(tabs.map((page) => page.evaluate((ms) => window.sabotage.sleep(ms), ms)));
    this.#sleptMs += ms;
  }

  /** Whether the server accepts the token. */
  async isGood({ token }: Outcome): Promise<boolean> {
    const { AccessToken } = this.provider.provider;
    return token !== undefined && (await AccessToken.find(token)) !== undefined;
  }

  /** The counts of the server since `before`. */
  since(before: ServerCounts): ServerCounts {
    const now = this.counts();
    return {
      requests: now.requests - before.requests,
      duplicates: now.duplicates - before.duplicates,
      revocations: now.revocations - before.revocations,
    };
  }

  /** Expects a live session: one more refresh with the stored token works and takes one request. */
  async expectAlive(page: Page): Promise<void> {
    const before = this.counts();
    expect(await this.isGood(await getToken(page, "reload"))).toBe(true);
    expect(this.since(before)).toEqual({ requests: 1, duplicates: 0, revocations: 0 });
  }

  async close(): Promise<void> {
    await this.#context.close();
    await this.provider.close();
  }
}
