import { CancelledError, isAuthError, type AnyAuthError } from "../core/errors.ts";
import { developerHint } from "../core/server-words.ts";
import { withHint } from "../core/with-hint.ts";

/** Hints about an OAuth error of the token endpoint, for a client whose tokens depend on no user of a page. */
const OAUTH: Readonly<Record<string, string>> = {
  invalid_scope:
    "The server does not allow this client one of the requested scopes. Compare `scope` with the server's settings.",
  unauthorized_client:
    "The server does not allow this client the grant. Compare `clientId`, `authentication` and `grant` with the server's settings.",
  unsupported_grant_type:
    "The server does not support the grant. Compare `grant` with the server's settings.",
  redirect_uri_mismatch:
    "The server does not know the redirect URI. Register the redirect URI of the grant or of its user agent at the server, in exactly this form.",
  invalid_client: "Compare `clientId` and `authentication` with the server's settings.",
  invalid_request:
    "The server does not accept the request. Compare `scope`, `resource`, `audience`, `tokenParameters` and `extraParameters` with the server's settings.",
};

/**
 * Returns the error of a client or a token manager in a service, which have neither `login()` nor a user. If the hint of `error`
 * is about a page and its user, returns a copy of the error whose hint speaks of the methods of the client. `error` itself stays
 * as it is, because it might belong to the app or to another object. An error with a hint of the app is returned unchanged.
 */
export function inService(error: unknown): unknown {
  const hint = isAuthError(error) ? hintFor(error) : undefined;
  return hint === undefined || !isAuthError(error) ? error : withHint(error, hint);
}

/**
 * Hints by the code of the error. `hintFor()` handles the codes `timeout`, `network`, `device_code` and `request_token`. All
 * other errors keep their hint.
 */
const HINTS: Readonly<Record<string, string>> = {
  no_token: 'Call getToken() without prompt: "none", in a place where the grant can ask a user.',
  refresh_token:
    'The stored refresh token can no longer be used. Call getToken() again, so that the grant requests new tokens. A grant that asks a user needs a call without prompt: "none".',
  storage: "Call again. If the call fails again, check the storage that you gave as `storage`.",
  cancelled: "Call getToken() again to offer the login again. The stored tokens are unchanged.",
};

/** The hint of a `CancelledError` without a hint of its own. */
const CANCELLED = new CancelledError("").hint;

function hintFor(error: AnyAuthError): string | undefined {
  if (error.code === "cancelled" && error.hint !== CANCELLED) return undefined;
  if (error.code === "timeout") {
    return error.pending
      ? "Call getToken() again to wait for the request, which is still running. The stored tokens are kept."
      : "Call getToken() again. The stored tokens are unchanged.";
  }
  if (error.code === "network") {
    return error.hint.includes("Content Security Policy of the page")
      ? "Call again when the network is back. If the call never succeeds, check the URL, the server, DNS, proxies and TLS certificates."
      : undefined;
  }
  if (error.code === "device_code") return deviceHint(error.reason, error.error);
  if (error.code === "request_token")
    return error.hint === developerHint(error) ? OAUTH[error.error ?? ""] : undefined;
  return HINTS[error.code];
}

function deviceHint(reason: string, error: string | undefined): string | undefined {
  if (reason === "expired_token" || reason === "access_denied")
    return "Call getToken() again. The next login shows a new code. The stored tokens are unchanged.";
  return OAUTH[error ?? ""];
}
