import { doublingPause } from "../../core/back-off.ts";
import { isAuthError } from "../../core/errors.ts";
import { IdTokenError } from "../../core/protocol-errors.ts";
import type { Clock } from "../../core/ports.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { UserFetcher } from "../../core/user-fetcher.ts";
import type { User } from "../../core/user.ts";

/** The parts that find out which user has logged in. */
export interface UserParts {
  /** Called when there is no ID token. */
  readonly userFetcher?: UserFetcher;
  readonly clock: Clock;
}

/** The first pause between two requests. Milliseconds. */
const FIRST_PAUSE_MS = 1_000;
/** The longest pause between two requests. Milliseconds. */
const MAX_PAUSE_MS = 8_000;
/** The largest number of requests. */
const TRIES = 5;

/**
 * Returns the user that the tokens name, or else the user from the `userFetcher`. Temporary failures are retried, because no
 * other copy of the tokens exists, and tokens without a user cannot be stored.
 * @throws IdTokenError there is no ID token and no `userFetcher`, or it returned no user
 * @throws UserFetchError the server refused the token, or its response is malformed
 * @throws NetworkError no response came in any attempt
 */
export async function fetchUser(
  { userFetcher, clock }: UserParts,
  response: TokenSet,
  signal: AbortSignal | undefined,
): Promise<User> {
  if (response.user?.sub) return response.user;
  for (let tries = 1; ; tries++) {
    try {
      const user = await userFetcher?.fetchUser(response, signal);
      if (user?.sub) return user;
      throw new IdTokenError("sub", "it is missing, so the user of the login is unknown", {
        hint: "Request the scope openid, or configure a userFetcher if the server issues no ID tokens.",
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (tries === TRIES || !isAuthError(error) || !error.retryable) throw error;
      await clock.sleep(doublingPause(FIRST_PAUSE_MS, tries, MAX_PAUSE_MS), signal);
    }
  }
}
