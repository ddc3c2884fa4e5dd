import type { User } from "../../core/user.ts";
import type { TokenFamily } from "./grant-store.ts";
import { randomText } from "./grant-store.ts";
import { findUser, type ProviderParts } from "./provider-parts.ts";
import { base64urlHash } from "./signing-keys.ts";

/** A token response. @see https://www.rfc-editor.org/rfc/rfc6749#section-5.1 */
export interface FakeTokenResponse {
  readonly access_token: string;
  readonly token_type: "Bearer";
  /** Seconds. */
  readonly expires_in: number;
  readonly scope: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
}

/** The target of a token request. Default: the scopes and the APIs of the login. */
export interface RequestedTarget {
  readonly scope?: readonly string[];
  readonly resources?: readonly string[];
  /** True for the response to a login, whose ID token has the `nonce`. */
  readonly isLogin?: boolean;
}

/** The claims that only these scopes request. @see https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims */
const SCOPE_OF: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      ...["name", "family_name", "given_name", "middle_name", "nickname", "preferred_username"],
      ...["profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale"],
      "updated_at",
    ].map((claim) => [claim, "profile"]),
  ),
  email: "email",
  email_verified: "email",
  address: "address",
  phone_number: "phone",
  phone_number_verified: "phone",
};

/** Returns the claims of a user that the scopes request. Claims without a scope of their own are always returned. */
export function claimsFor(user: User, scope: readonly string[]): Readonly<Record<string, unknown>> {
  const isAllowed = (claim: string) =>
    !Object.hasOwn(SCOPE_OF, claim) || scope.includes(SCOPE_OF[claim]!);
  return Object.fromEntries(Object.entries(user.claims).filter(([claim]) => isAllowed(claim)));
}

/**
 * Issues tokens of a family: a signed access token, a refresh token if the login has the scope `offline_access`, and an ID token
 * if it has the scope `openid`.
 * @see https://www.rfc-editor.org/rfc/rfc9068
 */
export async function issueTokens(
  parts: ProviderParts,
  family: TokenFamily,
  { scope = family.login.scope, resources, isLogin = false }: RequestedTarget,
): Promise<FakeTokenResponse> {
  const { config, keys, grants } = parts;
  const { login } = family;
  const now = config.clock.now();
  const iat = Math.floor(now / 1_000);
  const lifetimeS = config.accessTokenLifetimeS;
  const [first = config.issuer, ...more] = resources ?? login.resources;
  const claims = {
    iss: config.issuer,
    sub: login.sub ?? login.clientId,
    aud: more.length === 0 ? first : [first, ...more],
    client_id: login.clientId,
    scope: scope.join(" "),
    iat,
    exp: iat + lifetimeS,
    jti: randomText(),
  };
  const accessToken = await keys.sign(claims, "at+jwt");
  grants.addAccessToken(accessToken, family, now + lifetimeS * 1_000);
  const user = findUser(parts, login.sub ?? null);
  const idToken =
    user && login.scope.includes("openid")
      ? await signIdToken(parts, family, user, { accessToken, isLogin, iat })
      : undefined;
  return {
    access_token: accessToken,
    token_type: "Bearer",
    expires_in: lifetimeS,
    scope: scope.join(" "),
    ...(login.scope.includes("offline_access") && {
      refresh_token: grants.addRefreshToken(family),
    }),
    ...(idToken !== undefined && { id_token: idToken }),
  };
}

/** @see https://openid.net/specs/openid-connect-core-1_0.html#IDToken */
async function signIdToken(
  { config, keys }: ProviderParts,
  { login }: TokenFamily,
  user: User,
  {
    accessToken,
    isLogin,
    iat,
  }: { readonly accessToken: string; readonly isLogin: boolean; readonly iat: number },
): Promise<string> {
  const claims = {
    ...(login.acr !== undefined && { acr: login.acr }),
    ...claimsFor(user, login.scope),
    iss: config.issuer,
    sub: user.sub,
    aud: login.clientId,
    iat,
    exp: iat + 3_600,
    auth_time: login.authTime,
    at_hash: await base64urlHash(accessToken, 16),
    ...(isLogin && login.nonce !== undefined && { nonce: login.nonce }),
  };
  return keys.sign(claims, "JWT");
}
