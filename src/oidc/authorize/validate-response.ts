import type { ServerMetadata } from "../../core/authorization-server.ts";
import { AuthorizationError, InvalidResponseError } from "../../core/errors.ts";
import type { ClientKey } from "../../core/keys.ts";
import { isStateOf } from "../../core/response-state.ts";
import { parseUrl } from "../../core/same-origin.ts";
import { isTemporary } from "../../core/server-responses.ts";
import { text } from "../encoding.ts";
import {
  parsePendingRequest,
  type PendingRequest,
  type UncheckedRequest,
} from "./pending-request.ts";

const LIFETIME_MS = 600_000;
const TOKENS = ["access_token", "id_token"];
const PARAMETERS = ["state", "code", "iss", "error", "error_description", "error_uri"];

/** An authorization response that is well-formed by itself. Nothing yet says that it answers us. */
export interface AuthorizationResponse {
  readonly url: URL;
  /** Of the pending request that it says to answer. */
  readonly id: string;
  readonly secret: string;
  readonly iss: string | undefined;
  readonly code: string | undefined;
  readonly error: string | undefined;
  readonly errorDescription: string | undefined;
  readonly errorUri: string | undefined;
}

export interface ResponseValidation {
  readonly metadata: ServerMetadata;
  readonly clientId: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly lifetimeMs?: number | undefined;
}

/** @see RFC 6749 section 4.1.2 */
export function validateUrl(response: string, client: ClientKey): AuthorizationResponse {
  const url = parseUrl(response);
  if (!url) throw refusal("url", "not an absolute URL");
  const query = url.searchParams;
  const fragment = new URLSearchParams(url.hash.slice(1));
  for (const name of [...TOKENS, ...PARAMETERS]) {
    if (fragment.has(name)) throw refusal(name, "in the fragment, though the query was asked for");
    if (query.getAll(name).length > 1) throw refusal(name, "given twice");
  }
  for (const name of TOKENS)
    if (query.has(name)) throw refusal(name, "a token, though a code was asked for");
  const read = (name: string) => text(query.get(name));
  const state = query.get("state") ?? "";
  if (!isStateOf(client, state)) throw refusal("state", "missing, malformed, or of another client");
  const [, id = "", secret = ""] = state.split(".");
  const code = read("code");
  const error = read("error");
  if (!code === !error) throw refusal("code", "needed, or an error, and not both");
  return {
    url,
    id,
    secret,
    iss: query.get("iss") ?? undefined,
    code,
    error,
    errorDescription: read("error_description"),
    errorUri: read("error_uri"),
  };
}

/** Judges whether `response` answers the stored request. @see RFC 9207 section 2.4 */
export function validateRequest(
  { url, secret, iss }: AuthorizationResponse,
  stored: UncheckedRequest,
  { metadata, clientId, now, lifetimeMs = LIFETIME_MS }: ResponseValidation,
): PendingRequest {
  if (typeof stored.url_state !== "string" || !sameText(stored.url_state, secret)) {
    throw refusal("state", "not the one that was sent");
  }
  const request = parsePendingRequest(stored);
  if (!request) throw refusal("state", "of a record that is damaged or not of a login");
  if (request.issuer !== metadata.issuer)
    throw refusal("issuer", "the request went to another one");
  if (request.clientId !== clientId) throw refusal("client_id", "the request was another client's");
  // In both directions: a clock that was set back must not make a request live for ever.
  if (Math.abs(now - request.createdAt) > lifetimeMs)
    throw refusal("state", "of a request that is too old");
  const redirect = parseUrl(request.redirectUri);
  if (url.origin !== redirect?.origin || url.pathname !== redirect.pathname) {
    throw refusal(
      "redirect_uri",
      `the response arrived at ${url.origin}${url.pathname}, not at ${request.redirectUri}`,
    );
  }
  const promised = metadata.authorizationResponseIssParameterSupported;
  if (iss === undefined ? promised : iss !== metadata.issuer)
    throw refusal("iss", "not the issuer that was asked");
  return request;
}

/** @see RFC 6749 section 4.1.2.1 */
export function errorOf({
  error,
  errorDescription,
  errorUri,
}: AuthorizationResponse): AuthorizationError | undefined {
  return error === undefined
    ? undefined
    : new AuthorizationError(
        { error, errorDescription, errorUri },
        "`error` and `errorDescription` are the server's words; ask the person to sign in again.",
        isTemporary("authorization", { error }),
      );
}

export function refusal(parameter: string, message: string): InvalidResponseError {
  return new InvalidResponseError(
    parameter,
    message,
    "Nothing was changed. Start a new login: call login().",
  );
}

/** Takes as long for a near miss as for a far one. */
function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
