import { sessionKey } from "../../src/core/keys.ts";
import { userNeeded } from "../../src/core/refusal.ts";
import { tokenSet } from "../../src/core/token-set.ts";
import { targetKey, type TargetKey } from "../../src/core/token-target.ts";
import { storeLogin, type StoreLoginParts } from "../../src/auth/login/store-login.ts";
import { localLogout } from "../../src/auth/logout/local-logout.ts";
import { userOf } from "./id-tokens.ts";
import type { Server } from "./server.ts";
import { record, type Stage } from "./stage.ts";
import type { Subject } from "./subject.ts";
import { CLIENT, type Tab } from "./tab.ts";

const RESOURCE = "https://api.example";

/** The targets that apps request: the default one, and one for a resource. */
export const TARGETS: readonly TargetKey[] = [targetKey({}), targetKey({ resource: RESOURCE })];

/** The app in a tab: it requests tokens, and logs users in and out. */
export class App {
  readonly #stage: Stage;
  readonly #subject: Subject;
  readonly #server: Server;
  /** The tabs of the calls that are still pending, by need. */
  readonly waiting = new Map<number, Tab>();
  #needs = 0;
  #logins = 0;

  constructor(stage: Stage, subject: Subject, server: Server) {
    this.#stage = stage;
    this.#subject = subject;
    this.#server = server;
  }

  /** Calls the refresher until it returns a token or throws a final error, as apps do. */
  async ask(tab: Tab, user: string, target: TargetKey, notGeneration: number): Promise<void> {
    const { life, refresher, clock } = tab;
    const need = ++this.#needs;
    record(this.#stage, { what: "ask", tab: life.name, need, user, target, notGeneration });
    this.waiting.set(need, tab);
    for (;;) {
      try {
        const { accessToken, generation = -1 } = await refresher.refresh({
          user,
          target,
          notGeneration,
        });
        record(this.#stage, {
          what: "got",
          tab: life.name,
          need,
          user,
          target,
          token: accessToken,
          generation: generation,
        });
        this.waiting.delete(need);
        return;
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        if (code === "timeout") continue;
        if (code === "storage" || code === "network") {
          await clock.sleep(500);
          continue;
        }
        record(this.#stage, {
          what: "failed",
          tab: life.name,
          need,
          code: code ?? "none",
          reason: message,
        });
        this.waiting.delete(need);
        if (code === "refresh_token") await this.#again(tab, user);
        return;
      }
    }
  }

  /** In some runs, logs the user in again after the end of the session. */
  async #again(tab: Tab, user: string): Promise<void> {
    const { prng } = this.#stage;
    await tab.clock.sleep(prng.between(500, 1_900));
    const row = tab.store.peek(sessionKey(CLIENT, user));
    const isNeeded = row && (row.end || userNeeded(row));
    if (this.#stage.weather.faulty && isNeeded && prng.chance(0.3)) await this.login(tab, user);
  }

  login(tab: Tab, user: string): Promise<void> {
    const id = ++this.#logins;
    const { name } = tab.life;
    record(this.#stage, { what: "login asked", tab: name, id });
    const stored: Promise<void> = Promise.resolve()
      .then(() => this.#login(tab, user, stored))
      .finally(() => record(this.#stage, { what: "login over", tab: name, id }));
    return stored;
  }

  async #login(tab: Tab, user: string, stored: Promise<void>): Promise<void> {
    const { life, locks, clock, untold } = tab;
    const asked = this.#stage.scheduler.now;
    await this.#subject.passRevocations({ client: CLIENT, locks, clock, untold }, { stored });
    const left = this.#stage.scheduler.now;
    await clock.sleep(this.#stage.prng.between(100, 1_900));
    const granted = this.#server.login(user, TARGETS[0]!);
    record(this.#stage, {
      what: "login",
      tab: life.name,
      user,
      asked,
      left,
      token: granted.refreshToken,
    });
    await clock.sleep(this.#stage.prng.between(10, 500));
    const response = tokenSet({
      ...granted,
      tokenType: "Bearer",
      expiresAt: clock.now() + this.#stage.lifetimeMs,
      scope: ["openid"],
      user: userOf(user, granted.idToken),
      authTime: 7,
      resources: [RESOURCE],
    });
    // When the store fails, the session stays as it was.
    await storeLogin({ ...parts(tab, user), clock }, response, response.user!).catch(() => {});
  }

  async logout(tab: Tab, user: string): Promise<void> {
    const loggedOut = await localLogout(parts(tab, user)).catch(() => undefined);
    if (loggedOut?.refreshToken === undefined || this.#stage.prng.chance(0.5)) return;
    await tab.send.revoke(user, loggedOut.refreshToken).catch(() => {});
  }
}

/** Every user is the default user here, so that a run can have sessions of several users. */
function parts({ life, store, channel, random, clock }: Tab, user: string): StoreLoginParts {
  return {
    client: CLIENT,
    tab: life.name,
    sessions: store,
    users: {
      getActive: () => Promise.resolve({ sub: user }),
      putDefault: () => Promise.resolve(),
    },
    channel,
    random,
    clock,
  };
}
