import type { ServerMetadata } from "../../core/authorization-server.ts";
import { InvalidResponseError } from "../../core/errors.ts";
import { AuthorizationError } from "../../core/protocol-errors.ts";
import type { ClientKey } from "../../core/keys.ts";
import { isStateOf } from "../../core/response-state.ts";
import { isAtRedirectUri } from "../../core/redirect-uri.ts";
import { parseUrl } from "../../core/same-origin.ts";
import { isTemporary } from "../../core/server-responses.ts";
import { developerHint } from "../../core/server-words.ts";
import { text } from "../../core/shape.ts";
import type { PendingRequest } from "./pending-request.ts";

const LIFETIME_MS = 600_000;
const TOKENS = ["access_token", "id_token"];
const PARAMETERS = ["state", "code", "iss", "error", "error_description", "error_uri"];

/**
 * Matches a JWT, which is redacted: a server can copy the `id_token_hint` of the request into `error_description` or `error_uri`.
 */
const JWT = /eyJ[\w-]+\.[\w-]*\.[\w-]*/g;

/** A well-formed authorization response. `validateRequest()` checks whether the response belongs to a pending request. */
export interface AuthorizationResponse {
  readonly url: URL;
  /** The id of the pending request. The id is the second part of `state`. */
  readonly id: string;
  readonly iss: string | undefined;
  readonly code: string | undefined;
  readonly error: string | undefined;
  readonly errorDescription: string | undefined;
  readonly errorUri: string | undefined;
}

/** The values against which `validateRequest()` validates a response. */
export interface ResponseValidation {
  readonly metadata: ServerMetadata;
  readonly clientId: string;
  /** The current time. Milliseconds since the epoch. */
  readonly now: number;
  /** The maximum time between the request and its response. Milliseconds. Default: ten minutes. */
  readonly lifetimeMs?: number | undefined;
}

/**
 * Parses the URL of an authorization response.
 * @throws InvalidResponseError the response is malformed, or belongs to another client
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
 */
export function validateUrl(response: string, client: ClientKey): AuthorizationResponse {
  const url = parseUrl(response);
  if (!url) throw refusal("url", "the response is not an absolute URL");
  const query = url.searchParams;
  const fragment = new URLSearchParams(url.hash.slice(1));
  for (const name of [...TOKENS, ...PARAMETERS]) {
    if (fragment.has(name))
      throw refusal(name, "the response has it in the URL fragment, not in the query");
    if (query.getAll(name).length > 1)
      throw refusal(name, "the response has this parameter more than once");
  }
  for (const name of TOKENS)
    if (query.has(name)) throw refusal(name, "the response has a token instead of a code");
  const read = (name: string) => text(query.get(name));
  const state = query.get("state") ?? "";
  if (!isStateOf(client, state))
    throw refusal("state", "it is missing, malformed or from another client");
  const [, id = ""] = state.split(".");
  const code = read("code");
  const error = read("error");
  if (!code === !error) throw refusal("code", "the response must have either a code or an error");
  return {
    url,
    id,
    iss: query.get("iss") ?? undefined,
    code,
    error,
    errorDescription: read("error_description")?.replace(JWT, "[redacted]"),
    errorUri: read("error_uri")?.replace(JWT, "[redacted]"),
  };
}

/**
 * Validates a response against its pending request. Returns this request.
 * @throws InvalidResponseError the response does not belong to the request
 * @see https://www.rfc-editor.org/rfc/rfc9207#section-2.4
 */
export function validateRequest(
  { url, iss }: AuthorizationResponse,
  request: PendingRequest | undefined,
  { metadata, clientId, now, lifetimeMs = LIFETIME_MS }: ResponseValidation,
): PendingRequest {
  if (!request)
    throw refusal("state", "the stored request is damaged, or it is not a login of Latchkey");
  if (request.issuer !== metadata.issuer)
    throw refusal(
      "issuer",
      `the pending request was sent to another issuer than ${metadata.issuer}`,
    );
  if (request.clientId !== clientId)
    throw refusal("client_id", "the pending request was made by another client");
  // If the clock was set back after the request, `createdAt` is in the future. Without `Math.abs()`, the request would then
  // stay valid for longer than `lifetimeMs`.
  if (Math.abs(now - request.createdAt) > lifetimeMs)
    throw refusal(
      "state",
      `the request and the response are more than ${lifetimeMs / 1000} s apart`,
    );
  if (!isAtRedirectUri(url.href, request.redirectUri)) {
    throw refusal(
      "redirect_uri",
      `the response arrived at ${url.href.replace(/[?#].*/, "")}, not at ${request.redirectUri}`,
    );
  }
  const promised = metadata.authorizationResponseIssParameterSupported;
  if (iss === undefined ? promised : iss !== metadata.issuer)
    throw refusal("iss", `it is missing, or it differs from ${metadata.issuer}`);
  return request;
}

/**
 * Returns the error that the server sent in a response. Returns undefined for a response with a code.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
 */
export function errorOf({
  error,
  errorDescription,
  errorUri,
}: AuthorizationResponse): AuthorizationError | undefined {
  return error === undefined
    ? undefined
    : new AuthorizationError(
        { error, errorDescription, errorUri },
        developerHint({ error }) ?? "Start a new login: call login().",
        isTemporary("authorization", { error }),
      );
}

/** Creates the error for a response that is not valid. `parameter` is the name of the wrong parameter. */
export function refusal(parameter: string, message: string): InvalidResponseError {
  return new InvalidResponseError(
    parameter,
    message,
    "Nothing was changed. Start a new login: call login().",
  );
}
