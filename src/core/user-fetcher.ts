import type { TokenSet } from "./token-set.ts";
import type { User } from "./user.ts";

/**
 * Finds out which user an access token belongs to.
 * @example
 * const userFetcher: UserFetcher = {
 *   async fetchUser({ accessToken }, signal = AbortSignal.timeout(10_000)) {
 *     const headers = { Authorization: `Bearer ${accessToken}` };
 *     const response = await fetch("https://api.example.com/me", { headers, signal });
 *     const { id } = await response.json();
 *     return { sub: id, claims: { sub: id } };
 *   },
 * };
 */
export interface UserFetcher {
  /**
   * Returns the user of `tokens.accessToken`.
   * @throws UserFetchError the server refused the token, or its response is malformed or not about `tokens.user`
   * @throws NetworkError no response came
   */
  fetchUser(tokens: TokenSet, signal?: AbortSignal): Promise<User>;
}
