import type { AuthorizationServer } from "../../core/authorization-server.ts";
import { UserFetchError } from "../../core/user-fetch-error.ts";
import type { StandardSchema } from "../../core/standard-schema.ts";
import { validated } from "./read-claims.ts";
import type { UserFetcher } from "../../core/user-fetcher.ts";
import { toUser } from "../../core/user.ts";

/** The claims of a user that a schema returns. An account picker can also show the strings `name`, `email` and `picture`. */
export interface UserClaims {
  readonly sub: string;
}

/** The options of `userinfoFetcher()`. */
export interface UserinfoConfig {
  /**
   * Validates the userinfo response. If the server uses other claim names than OpenID Connect, the schema can rename the
   * claims.
   */
  readonly schema?: StandardSchema<UserClaims>;
}

/**
 * Returns a `UserFetcher` that requests the user from the server's userinfo endpoint.
 * @throws UserFetchError from `fetchUser()`: the server refused the token, or its response is malformed or about another user
 * @throws NetworkError from `fetchUser()`: no response came
 * @see https://openid.net/specs/openid-connect-core-1_0.html#UserInfo
 * @example
 * createAuth({
 *   issuer: "https://id.example.com",
 *   clientId: "web",
 *   redirectUri: "/",
 *   userFetcher: (server) => userinfoFetcher(server),
 * });
 */
export function userinfoFetcher(
  server: Pick<AuthorizationServer, "userinfo">,
  { schema }: UserinfoConfig = {},
): UserFetcher {
  return {
    async fetchUser({ accessToken, user }, signal) {
      const response = await server.userinfo(accessToken, signal);
      const claims: Readonly<Record<string, unknown>> = {
        ...(schema ? await validated("userinfo response", response, schema) : response),
      };
      const { sub } = claims;
      if (typeof sub !== "string" || sub === "") throw malformed("it has no sub");
      // An attacker might have replaced the access token by a token of another user.
      if (user && user.sub !== sub) {
        throw new UserFetchError("the userinfo response is about another user than the ID token", {
          hint: "The sub of the userinfo response must be equal to the sub of the ID token. The response was not used.",
          isFinal: true,
        });
      }
      return toUser(claims);
    },
  };
}

function malformed(reason: string): UserFetchError {
  return new UserFetchError(`the userinfo response is malformed: ${reason}`, {
    hint: "The response must have sub, a non-empty string. If the server uses another name, pass a schema that returns sub.",
  });
}
