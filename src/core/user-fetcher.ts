import type { TokenSet } from "./token-set.ts";
import type { User } from "./user.ts";

/** Tells who the person is that an access token is for. */
export interface UserFetcher {
  /**
   * @throws UserFetchError refused, answered badly, or about somebody else than `tokens.user`
   * @throws NetworkError no answer
   */
  fetchUser(tokens: TokenSet, signal?: AbortSignal): Promise<User>;
}
