/** A person, as told by the verified claims of an ID token. @see OpenID Connect Core 1.0 section 5.1 */
export interface User {
  readonly sub: string;
  readonly name?: string;
  readonly email?: string;
  readonly picture?: string;
  /** All claims of the ID token. */
  readonly claims: Readonly<Record<string, unknown>>;
}
