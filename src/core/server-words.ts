import type { ServerFacts } from "./auth-error.ts";

/** The longest text of a server in an error message. Characters. */
const MAX_LENGTH = 200;

/** Returns the server's error code and description as one line for an error message. */
export function serverWords({ error, errorDescription }: ServerFacts): string {
  const description = errorDescription?.replace(/\s+/g, " ").trim().slice(0, MAX_LENGTH);
  return `${error ?? "without an OAuth error"}${description ? ` (${description})` : ""}`;
}

const CLIENT = "Compare `clientId` and the client's authentication with the server's settings.";

const HINTS: Readonly<Record<string, string>> = {
  invalid_scope:
    "The server does not allow this client one of the requested scopes. By default, Latchkey requests openid, profile, email and offline_access. Set `scope` to scopes that the server allows. If the server does not allow openid in a device login, set `endpoints` to all endpoints of the server except `jwksUri`, and set a `userFetcher`.",
  invalid_target:
    "The server does not allow this client the requested API. Compare `resource` and `audience` with the server's settings.",
  invalid_client: CLIENT,
  // GitHub sends `incorrect_client_credentials` and `redirect_uri_mismatch`.
  incorrect_client_credentials: CLIENT,
  redirect_uri_mismatch: "Register `redirectUri` at the server, in exactly this form.",
  unmet_authentication_requirements:
    "The server cannot log this user in with the requested `acrValues`. Request another `acr`, or none.",
  unauthorized_client:
    "The server does not allow this client the grant. Compare `clientId` with the server's settings. There, allow the authorization code flow and refresh tokens, and make the client a public client.",
  unsupported_response_type: "Allow this client the authorization code flow at the server.",
  unsupported_grant_type: "Allow this client the grant at the server.",
  invalid_request:
    "The server does not accept the request. Compare `redirectUri`, `prompt`, `audience`, `resources` and `loginOptions` with the server's settings. Latchkey sends no DPoP proof and no pushed request.",
};

/**
 * Returns a hint for the developer if an app or a server is configured wrongly. Returns undefined if the error is about the user
 * or about the server's state.
 */
export function developerHint({ error = "" }: ServerFacts): string | undefined {
  return Object.hasOwn(HINTS, error) ? HINTS[error] : undefined;
}
