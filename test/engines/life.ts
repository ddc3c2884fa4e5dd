import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { startProvider, type RunningProvider } from "../../demo/server/provider.ts";
import { watchServer, type ServerCounts } from "../chaos/server-counts.ts";
import type { Outcome } from "../support/bare-page.ts";
import type { BareSite } from "../support/bare-site.ts";
import type { Engine, EngineTab, LaunchEngine } from "./engine.ts";

/** The options of a life. */
export interface LifeOptions {
  /** The name of the worker that refreshes. Default: the pages refresh. */
  readonly worker?: string;
  /** The reuse leeway of the server. Default: 30 s. */
  readonly leewaySeconds?: number;
}

/** A provider, a browser of one engine, and tabs of this browser. */
export class Life {
  readonly provider: RunningProvider;
  readonly counts: () => ServerCounts;
  readonly #launch: LaunchEngine;
  readonly #profile: string;
  readonly #url: string;
  readonly #worker: string | undefined;
  #engine: Engine;

  private constructor(
    launch: LaunchEngine,
    profile: string,
    engine: Engine,
    url: string,
    provider: RunningProvider,
    worker: string | undefined,
  ) {
    this.#worker = worker;
    this.#launch = launch;
    this.#profile = profile;
    this.#engine = engine;
    this.#url = url;
    this.provider = provider;
    this.counts = watchServer(provider);
  }

  static async begin(
    launch: LaunchEngine,
    site: BareSite,
    { worker, leewaySeconds = 30 }: LifeOptions = {},
  ): Promise<Life> {
    const profile = mkdtempSync(join(tmpdir(), "latchkey-engine-"));
    const engine = await launch(profile);
    const provider = await startProvider({
      port: 0,
      origins: [site.origin],
      autoLogin: true,
      accessTokenTtlSeconds: 1,
      reuseLeewaySeconds: leewaySeconds,
    });
    return new Life(launch, profile, engine, `${site.origin}/bare/`, provider, worker);
  }

  async open(): Promise<EngineTab> {
    const tab = await this.#engine.open(this.#url);
    await this.create(tab);
    return tab;
  }

  /** Creates `window.auth` in a page that has loaded. */
  async create(tab: EngineTab): Promise<void> {
    await eventually(() => tab.run("return window.latchkey !== undefined"));
    const config = {
      issuer: this.provider.issuer,
      clientId: "latchkey-demo",
      redirectUri: "/bare/callback",
    };
    const name = JSON.stringify(this.#worker ?? null);
    await tab.run(`
      const name = ${name};
      window.auth = window.latchkey.createAuth({
        ...${JSON.stringify(config)},
        ...(name && { worker: () => window.latchkey.authWorker(name) }),
      });`);
  }

  /** Opens tabs with a session whose access token has expired. Later access tokens are valid for ten minutes. */
  async tabs(count: number): Promise<EngineTab[]> {
    const first = await this.open();
    await first.run('window.auth.login({ loginHint: "ada" }).catch(() => {})');
    await eventually(() => first.run('return location.pathname === "/bare/callback"'));
    await this.create(first);
    const tabs = [first];
    while (tabs.length < count) tabs.push(await this.open());
    for (const tab of tabs) {
      await eventually(() =>
        tab.run(
          'const { status, token } = window.auth.state; return status === "authenticated" && token.expiresAt <= Date.now()',
        ),
      );
    }
    this.provider.setAccessTokenTtl(600);
    return tabs;
  }

  async isGood({ token }: Outcome): Promise<boolean> {
    const { AccessToken } = this.provider.provider;
    return token !== undefined && (await AccessToken.find(token)) !== undefined;
  }

  /** Expects a live session: one more refresh works and takes one request. */
  async expectAlive(tab: EngineTab): Promise<void> {
    const { requests } = this.counts();
    await beginToken(tab, "reload");
    expect(await this.isGood(await outcome(tab))).toBe(true);
    expect(this.counts()).toMatchObject({ requests: requests + 1, revocations: 0 });
  }

  /** Kills the browser, and starts it again with the same profile. */
  async restart(): Promise<void> {
    await this.#engine.kill();
    this.#engine = await this.#launch(this.#profile);
  }

  async end(): Promise<void> {
    await this.#engine.close();
    await this.provider.close();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Calls `getToken()` and does not wait for it, because a WebDriver session runs one command at a time. */
export function beginToken(tab: EngineTab, cache: "default" | "reload" = "default"): Promise<void> {
  return tab.run(`
    window.outcome = undefined;
    window.auth.getToken({ prompt: "none", cache: "${cache}" }).then(
      (token) => (window.outcome = { token }),
      (error) => (window.outcome = { code: error.code, reason: error.reason }),
    );`);
}

/** Waits for the result of the last `beginToken()`. */
export async function outcome(tab: EngineTab): Promise<Outcome> {
  await eventually(() => tab.run("return window.outcome !== undefined"), 30_000);
  return tab.run("return window.outcome");
}

/** Waits until `holds` resolves to true. A rejection counts as false, because a page that navigates rejects calls. */
export async function eventually(holds: () => Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; ; await sleep(20)) {
    if (await holds().catch(() => false)) return;
    if (Date.now() > end) throw new Error(`not true within ${timeoutMs} ms: ${holds.toString()}`);
  }
}
