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
  /** This tab, in messages and rows. */
  readonly tab: string;
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly channel: TabChannel;
  readonly random: Random;
}

/** Checks people in and out: writes the session and tells all tabs. */
export class SessionDesk {
  readonly #config: SessionDeskConfig;

  constructor(config: SessionDeskConfig) {
    this.#config = config;
  }

  /** Stores the answer to a login as the session of the person it is about, who takes the place of whoever was there. */
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
    const former = await users.getDefault();
    const row = await sessions.update(sessionKey(client, user.sub), (before) =>
      isNewer(before) ? KEEP : afterLogin(before, { sid, want: USUAL_WANT, answer, tokens }),
    );
    if (isNewer(row)) throw newerVersion();
    await users.putDefault(user.sub);
    this.#tell(user.sub, sid, { t: "user", what: "login" });
    // One person at a time: nobody could sign out a session that is nobody's default.
    // The login stands whatever becomes of that, and so does one that the other person made meanwhile.
    if (former.sub !== undefined && former.sub !== user.sub) {
      await this.#empty(former.sub, former.row?.sid).catch(() => {});
    }
    return user;
  }

  /** Removes the default user's tokens from this device, in every tab, and gives what the server should now forget. */
  async checkOut(): Promise<TokenRecord | undefined> {
    const { sub } = await this.#config.users.getDefault();
    return sub === undefined ? undefined : this.#empty(sub);
  }

  /** The default user stays who it is: a login in another tab may be about to take its place. */
  async #empty(sub: string, onlySid?: string): Promise<TokenRecord | undefined> {
    const { client, sessions, random } = this.#config;
    const sid = random.id();
    let left: SessionRow | undefined;
    const row = await sessions.update(sessionKey(client, sub), (before) => {
      left = before;
      if (!before || isNewer(before) || before.end?.why === "signed_out") return KEEP;
      return before.sid === (onlySid ?? before.sid) ? afterSignOut(before, sid) : KEEP;
    });
    if (isNewer(row)) throw newerVersion();
    if (row?.sid === sid) this.#tell(sub, sid, { t: "user", what: "sign-out" });
    return left && !left.end ? sessions.open(left.tokens) : undefined;
  }

  #tell(sub: string, sid: string, news: TabNews): void {
    this.#config.channel.post({ p: 1, k: sub, from: this.#config.tab, sid, ...news });
  }
}
