/** A person, as told by the verified claims of an ID token, or by a `UserFetcher`. @see OpenID Connect Core 1.0 section 5.1 */
export interface User {
  readonly sub: string;
  readonly name?: string;
  readonly email?: string;
  readonly picture?: string;
  /** All claims of the ID token, or all that was fetched. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** `claims` with a `sub`, whose standard members are taken where they are strings. */
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
