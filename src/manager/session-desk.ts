import { IdTokenError } from "../core/errors.ts";
import { sessionKey, type ClientKey } from "../core/keys.ts";
import type { TabNews } from "../core/message.ts";
import type { Random, TabChannel } from "../core/ports.ts";
import {
  KEEP,
  type SessionRow,
  type SessionStore,
  type TokenRecord,
  type UserStore,
} from "../core/session.ts";
import { isNewer, newerVersion } from "../core/session-version.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { User } from "../core/user.ts";
import { USUAL_WANT } from "./active-session.ts";
import { afterLogin, afterSignOut, loginRecord } from "./session-changes.ts";

export interface SessionDeskConfig {
  readonly client: ClientKey;
  readonly tab: string;
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly channel: TabChannel;
  readonly random: Random;
}

/** Checks people in and out: writes the session and tells the other tabs. */
export class SessionDesk {
  readonly #config: SessionDeskConfig;

  constructor(config: SessionDeskConfig) {
    this.#config = config;
  }

  /** Stores the answer to a login as the session of the person it is about, who becomes the default user. */
  async checkIn(answer: TokenSet): Promise<User> {
    const { client, sessions, users, random } = this.#config;
    const { user } = answer;
    if (!user) {
      throw new IdTokenError("sub", "there is none, so nobody knows who signed in", {
        hint: "Ask for the scope openid.",
      });
    }
    const sid = random.id();
    const tokens = await sessions.seal(loginRecord(USUAL_WANT, user, answer));
    const row = await sessions.update(sessionKey(client, user.sub), (before) =>
      isNewer(before) ? KEEP : afterLogin(before, { sid, want: USUAL_WANT, answer, tokens }),
    );
    if (isNewer(row)) throw newerVersion();
    await users.putDefault(user.sub);
    this.#tell(user.sub, sid, { t: "user", what: "login" });
    return user;
  }

  /** Removes the default user's tokens from this device, in every tab, and gives what the server should now forget. */
  async checkOut(): Promise<TokenRecord | undefined> {
    const { client, sessions, users, random } = this.#config;
    const { sub } = await users.getDefault();
    if (sub === undefined) return undefined;
    const sid = random.id();
    let left: SessionRow | undefined;
    const row = await sessions.update(sessionKey(client, sub), (before) => {
      left = before;
      return before && !isNewer(before) ? afterSignOut(before, sid) : KEEP;
    });
    if (isNewer(row)) throw newerVersion();
    await users.putDefault(null);
    this.#tell(sub, sid, { t: "user", what: "sign-out" });
    return left && !left.end ? sessions.open(left.tokens) : undefined;
  }

  #tell(sub: string, sid: string, news: TabNews): void {
    this.#config.channel.post({ p: 1, k: sub, from: this.#config.tab, sid, ...news });
  }
}
