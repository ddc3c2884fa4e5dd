import type { ClientKey } from "../core/keys.ts";
import { parseState } from "../core/response-state.ts";

export const RESPONSE: readonly string[] = ["code", "error", "access_token", "id_token"];
const DETAILS = [
  "error_description",
  "error_uri",
  "expires_in",
  "iss",
  "session_state",
  "state",
  "token_type",
];

/**
 * Is there a response to a request of `client` in `url`, well-formed or not, at `redirectUri`, perhaps with another slash at
 * the end? @see RFC 6749 section 4.1.2
 */
export function isCallback(url: string, redirectUri: string, client: ClientKey): boolean {
  return isAt(url, redirectUri) && stateOf(new URL(url), client) !== undefined;
}

/** The `state` of a response to a request of `client`, wherever it was sent. Others have a `state` and a `code`, too. */
export function stateOf({ searchParams, hash }: URL, client: ClientKey): string | undefined {
  return [searchParams, fragment(hash)]
    .filter((parameters) => RESPONSE.some((name) => parameters.has(name)))
    .map((parameters) => parameters.get("state"))
    .find((state): state is string => parseState(client, state) !== undefined);
}

/** The `state` of what may be the answer to a sign-out. @see OpenID Connect RP-Initiated Logout 1.0 section 3 */
export function signOutStateOf(url: string, redirectUri: string | undefined): string | undefined {
  return redirectUri !== undefined && isAt(url, redirectUri)
    ? (new URL(url).searchParams.get("state") ?? undefined)
    : undefined;
}

/** `url` without the response that has this `state`, and without tokens in the fragment. */
export function withoutResponse(url: string, state: string): string {
  const clean = new URL(url);
  if (clean.searchParams.get("state") === state) {
    for (const name of [...RESPONSE, ...DETAILS]) clean.searchParams.delete(name);
  }
  const inFragment = fragment(clean.hash);
  const hasTokens = inFragment.has("access_token") || inFragment.has("id_token");
  if (hasTokens || inFragment.get("state") === state) clean.hash = "";
  return clean.href;
}

/** A host may add a slash to a path, or remove it. */
export function isAt(url: string, redirectUri: string): boolean {
  const [here, there] = [new URL(url), new URL(redirectUri)];
  const pathOf = ({ pathname }: URL) => pathname.replace(/\/$/, "");
  return here.origin === there.origin && pathOf(here) === pathOf(there);
}

export function fragment(hash: string): URLSearchParams {
  return new URLSearchParams(hash.slice(1));
}
