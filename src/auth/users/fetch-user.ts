import { isAuthError } from "../../core/errors.ts";
import { IdTokenError } from "../../core/protocol-errors.ts";
import type { Clock } from "../../core/ports.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { UserFetcher } from "../../core/user-fetcher.ts";
import type { User } from "../../core/user.ts";

export interface UserParts {
  /** Tells who signed in when no ID token does. */
  readonly userFetcher?: UserFetcher;
  readonly clock: Clock;
}

/** Between the tries. Milliseconds. */
const PAUSES = [1_000, 2_000, 4_000, 8_000];

/**
 * Whom tokens are about: as they say, or else by asking. More than once if need be: what was granted for it exists once, and is nobody's until then.
 * @throws IdTokenError nobody knows
 * @throws UserFetchError refused, answered badly, or not to be had for a while
 * @throws NetworkError no answer for a while
 */
export async function fetchUser(
  { userFetcher, clock }: UserParts,
  response: TokenSet,
  signal: AbortSignal | undefined,
): Promise<User> {
  if (response.user?.sub) return response.user;
  for (let tried = 0; ; tried++) {
    try {
      const user = await userFetcher?.fetchUser(response, signal);
      if (user?.sub) return user;
      throw new IdTokenError("sub", "there is none, so nobody knows who signed in", {
        hint: "Ask for the scope openid, or give a userFetcher when the server knows no ID tokens.",
      });
    } catch (error) {
      signal?.throwIfAborted();
      const pause = PAUSES[tried];
      if (pause === undefined || !isAuthError(error) || !error.retryable) throw error;
      await clock.sleep(pause, signal);
    }
  }
}
