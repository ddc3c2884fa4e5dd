import { doublingPause } from "../../core/back-off.ts";
import { isAuthError } from "../../core/errors.ts";
import { IdTokenError } from "../../core/protocol-errors.ts";
import type { Clock } from "../../core/ports.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { UserFetcher } from "../../core/user-fetcher.ts";
import type { User } from "../../core/user.ts";

/** The objects that `fetchUser()` uses. */
export interface UserParts {
  /** Finds the user of the tokens if there is no ID token. */
  readonly userFetcher?: UserFetcher;
  readonly clock: Clock;
}

/** The pause after the first failed request. Milliseconds. */
const FIRST_PAUSE_MS = 1_000;
/** The longest pause after a failed request. Milliseconds. */
const MAX_PAUSE_MS = 8_000;
/** The largest number of requests to find the user of one login. */
const TRIES = 5;

/**
 * Returns the user in the token response, or else the user from the `userFetcher`. After a temporary failure, calls the
 * `userFetcher` again.
 * @throws IdTokenError there is no ID token and no `userFetcher`, or the `userFetcher` returned no user
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
      throw new IdTokenError("sub", "the token response does not say which user has logged in", {
        hint: "Request the scope openid. If the server issues no ID tokens, configure a userFetcher.",
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (tries === TRIES || !isAuthError(error) || !error.retryable) throw error;
      await clock.sleep(doublingPause(FIRST_PAUSE_MS, tries, MAX_PAUSE_MS), signal);
    }
  }
}
