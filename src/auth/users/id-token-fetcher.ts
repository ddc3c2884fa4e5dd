import { UserFetchError } from "../../core/user-fetch-error.ts";
import type { UserFetcher } from "../../core/user-fetcher.ts";

/**
 * Returns a `UserFetcher` that takes the user from the verified ID token, without a request.
 * @throws UserFetchError from `fetchUser()`: the token response has no ID token
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDToken
 * @example
 * createAuth({
 *   issuer: "https://id.example.com",
 *   clientId: "web",
 *   redirectUri: "/",
 *   userFetcher: idTokenFetcher(),
 * });
 */
export function idTokenFetcher(): UserFetcher {
  return {
    async fetchUser({ user }) {
      if (user) return user;
      throw new UserFetchError("the token response has no ID token", {
        hint: "Request the scope openid. If the server issues no ID tokens, configure another userFetcher.",
      });
    },
  };
}
