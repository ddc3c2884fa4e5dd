/**
 * Returns true if the server granted at least one of the requested scopes, or if no scope was requested.
 *
 * A server might spell a granted scope differently: `https://api.example/auth/userinfo.email` for `email`, or `read` for
 * `api://x/read`.
 */
export function isAnyGranted(requested: readonly string[], granted: readonly string[]): boolean {
  return requested.length === 0 || missingScopes(requested, granted).length < requested.length;
}

/**
 * Returns the requested scopes that the server did not grant in any spelling. A name with commas, such as `read,write`, is a list for a
 * server that separates scopes by commas.
 */
export function missingScopes(requested: readonly string[], granted: readonly string[]): string[] {
  const isGranted = (name: string) => granted.some((other) => isSpelling(name, other));
  return requested.filter((name) => !isGranted(name) && !name.split(",").every(isGranted));
}

/** Returns the sentence for developers that says which scopes the server did not grant. */
export function notGranted(missing: readonly string[], granted: readonly string[]): string {
  return `the server did not grant the scope ${missing.join(" ")}. It granted ${granted.join(" ") || "none"}. Allow the scope for this client at the server.`;
}

function isSpelling(a: string, b: string): boolean {
  return a === b || isSuffix(a, b) || isSuffix(b, a);
}

function isSuffix(short: string, long: string): boolean {
  return ["/", ".", ":"].some((separator) => long.endsWith(separator + short));
}
