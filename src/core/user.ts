/**
 * A user. The data comes from the verified claims of an ID token, or from a `UserFetcher`.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims
 */
export interface User<Claims extends object = Readonly<Record<string, unknown>>> {
  /** The user's identifier, unique at the issuer. */
  readonly sub: string;
  readonly name?: string;
  readonly email?: string;
  readonly picture?: string;
  /** All claims of the ID token, and all fetched claims. If the app has a schema for the claims: what the schema returns. */
  readonly claims: Claims;
}

/**
 * Makes a `User` from claims. The claims must have a `sub`. `name`, `email` and `picture` are used only if they are strings.
 */
export function toUser(claims: Readonly<Record<string, unknown>>): User {
  const { sub, name, email, picture } = claims;
  return {
    sub: sub as string,
    ...(typeof name === "string" && { name }),
    ...(typeof email === "string" && { email }),
    ...(typeof picture === "string" && { picture }),
    claims,
  };
}
