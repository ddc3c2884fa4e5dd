import { isSameOrigin } from "../../core/same-origin.ts";
import { RESPONSE } from "./clean-url.ts";
import { isNearRedirectUri } from "../../core/redirect-uri.ts";
import { fragment } from "./response-url.ts";

const NAMES = [...RESPONSE, "error_description", "state"];

/**
 * Describes `url` for an error message. The browser came back from the login page to this URL without a usable response. The
 * text contains the values of error parameters only, because other values can be secret.
 */
export function whatCameBack(url: string, redirectUri: string): string {
  const { pathname, searchParams, hash } = new URL(url);
  const there = isSameOrigin(redirectUri, url) ? new URL(redirectUri).pathname : redirectUri;
  if (!isNearRedirectUri(url, redirectUri))
    return `this page is ${pathname}, and no response arrived at ${there}`;
  const inFragment = fragment(hash);
  const parts = [...listed(searchParams, ""), ...listed(inFragment, " in the fragment")];
  const what = parts.length > 0 ? parts.join(", ") : "no parameter of a response";
  const hasState = searchParams.has("state") || inFragment.has("state");
  const state = hasState ? "a state of another client" : "no state";
  return `${url.replace(/[?#].*/, "")} got ${what}, and ${state}`.slice(0, 300);
}

function listed(parameters: URLSearchParams, where: string): string[] {
  return NAMES.filter((name) => name !== "state" && parameters.has(name)).map((name) => {
    const value = name.startsWith("error") ? `=${parameters.get(name)}` : "";
    return `${name}${value}${where}`;
  });
}
