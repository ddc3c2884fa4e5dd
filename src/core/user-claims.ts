/**
 * The claims that each scope requests.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims
 */
const CLAIMS: Readonly<Record<string, readonly string[]>> = {
  profile: [
    ...["name", "family_name", "given_name", "middle_name", "nickname", "preferred_username"],
    ...["profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"],
  ],
  email: ["email", "email_verified"],
  address: ["address"],
  phone: ["phone_number", "phone_number_verified"],
};

/**
 * Returns true if `claims` has at least one claim of each granted scope that requests claims. Many servers return these claims
 * only from the userinfo endpoint.
 */
export function hasPromisedClaims(
  claims: Readonly<Record<string, unknown>>,
  scope: readonly string[],
): boolean {
  return scope.every((name) => {
    const promised = Object.hasOwn(CLAIMS, name) ? CLAIMS[name]! : [];
    return promised.length === 0 || promised.some((claim) => Object.hasOwn(claims, claim));
  });
}
