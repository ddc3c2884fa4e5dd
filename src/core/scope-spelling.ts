/**
 * Returns true if the server granted at least one of the requested scopes, or if no scope was requested.
 *
 * A server might spell a granted scope differently: `https://api.example/auth/userinfo.email` for `email`, or `read` for
 * `api://x/read`.
 */
export function isAnyGranted(requested: readonly string[], granted: readonly string[]): boolean {
  return (
    requested.length === 0 ||
    requested.some((one) => granted.some((other) => isSpelling(one, other)))
  );
}

function isSpelling(a: string, b: string): boolean {
  return a === b || isSuffix(a, b) || isSuffix(b, a);
}

function isSuffix(short: string, long: string): boolean {
  return ["/", ".", ":"].some((separator) => long.endsWith(separator + short));
}
