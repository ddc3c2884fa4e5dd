const RESPONSE = ["code", "error", "access_token", "id_token"];
const DETAILS = [
  "error_description",
  "error_uri",
  "expires_in",
  "iss",
  "session_state",
  "state",
  "token_type",
];

/** Is there an authorization response in `url`, well-formed or not, sent to `redirectUri`? @see RFC 6749 section 4.1.2 */
export function isCallback(url: string, redirectUri: string): boolean {
  return isAt(url, redirectUri) && hasResponse(new URL(url));
}

/** Is there one at all, wherever it was sent? Other things have a `state`, too. */
export function hasResponse({ searchParams, hash }: URL): boolean {
  return [searchParams, fragment(hash)].some(
    (parameters) => parameters.has("state") && RESPONSE.some((name) => parameters.has(name)),
  );
}

/** The `state` of what may be the answer to a sign-out. @see OpenID Connect RP-Initiated Logout 1.0 section 3 */
export function signOutStateOf(url: string, redirectUri: string | undefined): string | undefined {
  const here = new URL(url);
  return redirectUri !== undefined && isAt(url, redirectUri) && !hasResponse(here)
    ? (here.searchParams.get("state") ?? undefined)
    : undefined;
}

/** The `state` of a response, wherever it stands. */
export function stateOf({ searchParams, hash }: URL): string | undefined {
  return searchParams.get("state") ?? fragment(hash).get("state") ?? undefined;
}

/** `url` without the authorization response and whatever tokens somebody put there. */
export function withoutResponse(url: string): string {
  const clean = new URL(url);
  for (const name of [...RESPONSE, ...DETAILS]) clean.searchParams.delete(name);
  const inFragment = fragment(clean.hash);
  if ([...RESPONSE, "state"].some((name) => inFragment.has(name))) clean.hash = "";
  return clean.href;
}

function isAt(url: string, redirectUri: string): boolean {
  const [here, there] = [new URL(url), new URL(redirectUri)];
  return here.origin === there.origin && here.pathname === there.pathname;
}

function fragment(hash: string): URLSearchParams {
  return new URLSearchParams(hash.slice(1));
}
