import { UserFetchError } from "../../core/user-fetch-error.ts";
import type { UserFetcher } from "../../core/user-fetcher.ts";

/** Who the verified ID token is about; no request. @see OpenID Connect Core 1.0 section 2 */
export function idTokenFetcher(): UserFetcher {
  return {
    async fetchUser({ user }) {
      if (user) return user;
      throw new UserFetchError("there is no ID token", {
        hint: "Ask for the scope openid, or give another userFetcher.",
      });
    },
  };
}
