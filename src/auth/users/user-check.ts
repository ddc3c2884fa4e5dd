import { sessionKey } from "../../core/keys.ts";
import type { Clock, TabLock } from "../../core/ports.ts";
import type { Refresher } from "../../core/refresher.ts";
import { profileOf } from "../../core/remembered-profile.ts";
import { isNewer, NO_CHANGE, type SessionRow } from "../../core/session.ts";
import type { TokenSet } from "../../core/token-set.ts";
import { DEFAULT_TARGET } from "../../core/token-target.ts";
import { toUser, type User } from "../../core/user.ts";
import { UserFetchError } from "../../core/user-fetch-error.ts";
import type { UserFetcher } from "../../core/user-fetcher.ts";
import { broadcastToTabs, type SessionParts } from "../session/tab-messages.ts";

/** The number of attempts to store fetched claims. An attempt fails if another tab changes the session at the same time. */
const TRIES = 3;

/** The configuration of a `UserCheck`. */
export interface UserCheckConfig extends SessionParts {
  readonly clock: Clock;
  readonly locks: TabLock;
  readonly refresher: Pick<Refresher, "refresh">;
  readonly userFetcher: UserFetcher;
}

/** Asks the server for the claims of a signed-in user, and stores the claims in the user's session. */
export class UserCheck {
  readonly #config: UserCheckConfig;

  constructor(config: UserCheckConfig) {
    this.#config = config;
  }

  /**
   * Requests the claims with the access token of `tokens`, and stores them.
   * @throws UserFetchError the server refused the token, or its response is malformed or about another user
   * @throws NetworkError no response came
   */
  async reload(tokens: TokenSet): Promise<void> {
    const user = await this.#config.userFetcher.fetchUser(tokens);
    const { sub } = tokens.user ?? user;
    if (user.sub !== sub) {
      throw new UserFetchError("the fetched claims are about another user", {
        hint: "The sub of the claims must be equal to the sub of the session. The claims were not used.",
        isFinal: true,
      });
    }
    await this.#store(sub, user);
  }

  /**
   * Does the same in the background, in one tab at a time. If the server refuses the access token, the token is refreshed: if
   * the session has ended at the server, the refresh ends the session here.
   */
  async check(tokens: TokenSet): Promise<void> {
    const { client, locks, refresher } = this.#config;
    const sub = tokens.user!.sub;
    const options = { mode: "exclusive", ifAvailable: true } as const;
    await locks.request(`claims/${sessionKey(client, sub)}`, options, async (granted) => {
      if (!granted) return;
      try {
        await this.reload(tokens);
      } catch (error) {
        await this.#store(sub, undefined);
        const isRefused = error instanceof UserFetchError && /^40[13]$/.test(`${error.status}`);
        const { generation = -1 } = tokens;
        if (isRefused)
          await refresher.refresh({ user: sub, target: DEFAULT_TARGET, notGeneration: generation });
      }
    });
  }

  /** Stores the time of the check, and the claims if there are any. */
  async #store(sub: string, fetched: User | undefined): Promise<void> {
    const { client, sessions, clock } = this.#config;
    const key = sessionKey(client, sub);
    for (let tries = 0; tries < TRIES; tries++) {
      const row = await sessions.get(key);
      // A refresh that is in progress would store the old claims again.
      if (!row || row.end || row.attempt || isNewer(row)) return;
      const record = await sessions.open(row.tokens);
      if (record.user.sub !== sub) return;
      const user = fetched ? toUser(merged(record.user.claims, fetched.claims)) : record.user;
      const tokens = fetched ? await sessions.seal({ ...record, user }) : row.tokens;
      const stored = await sessions.update(key, (now) =>
        isSame(now, row)
          ? {
              ...now,
              tokens,
              userCheckedAt: clock.now(),
              ...(now.remembered && {
                remembered: { ...now.remembered, ...profileOf(user, now.remembered.lastUsedAt) },
              }),
            }
          : NO_CHANGE,
      );
      if (!isSame(stored, row)) continue;
      if (fetched)
        broadcastToTabs(this.#config, sub, row.sessionId, { type: "user", what: "claims" });
      return;
    }
  }
}

/** The claims of an ID token with which the next ID token is compared. Userinfo does not replace them. */
const PROTOCOL_CLAIMS = "iss aud azp nonce iat exp nbf auth_time acr amr at_hash c_hash sid".split(
  " ",
);

function merged(stored: User["claims"], fetched: User["claims"]): User["claims"] {
  const fixed = PROTOCOL_CLAIMS.filter((name) => Object.hasOwn(stored, name));
  return {
    ...stored,
    ...fetched,
    ...Object.fromEntries(fixed.map((name) => [name, stored[name]])),
  };
}

function isSame(now: SessionRow | undefined, row: SessionRow): now is SessionRow {
  return (
    now !== undefined &&
    now.sessionId === row.sessionId &&
    now.generation === row.generation &&
    now.sequence === row.sequence
  );
}
