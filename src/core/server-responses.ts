import type { ServerFacts } from "./auth-error.ts";

/**
 * The kind of request that a response belongs to.
 * - `code`: a token request with an authorization code.
 * - `device`: a token request with a device code.
 * - `refresh`: a refresh without scope, resource and audience.
 * - `refresh for a target`: a refresh with a scope, resource or audience.
 * - `token`: a token request of any other grant type.
 */
export type ServerRequest =
  | "authorization"
  | "code"
  | "refresh"
  | "refresh for a target"
  | "device authorization"
  | "device"
  | "token"
  | "revocation"
  | "userinfo"
  | "metadata";

/**
 * What a failed response means for the caller.
 * - `temporary`: the same request might succeed later.
 * - `wrong request`: the server does not accept this request. Other requests of this session might succeed.
 * - `user needed`: only the user can help, by a login, a consent or a choice.
 * - `session over`: the refresh token or device code is no longer valid.
 * - `pending`: the user has not completed the device login yet.
 * - `slow down`: like `pending`, and the client must poll less often.
 * - `unexplained`: the server refused the request for an unknown reason.
 */
export type ResponseMeaning =
  | "temporary"
  | "wrong request"
  | "user needed"
  | "session over"
  | "pending"
  | "slow down"
  | "unexplained";

/**
 * A rule that says what a failed response means. With `error: "*"`, the rule applies to every response. Without `error`, the
 * rule applies only to responses without an OAuth error code.
 */
export interface ResponseRule {
  readonly requests: readonly ServerRequest[];
  /** An HTTP status such as `429`, or a class such as `5xx`. Default: every status. */
  readonly status?: string;
  readonly error?: string;
  readonly meaning: ResponseMeaning;
}

const REFRESHES = ["refresh", "refresh for a target"] as const;
const GRANTS = ["code", ...REFRESHES, "device", "token"] as const;
const EVERY = [
  "authorization",
  ...GRANTS,
  "device authorization",
  "revocation",
  "userinfo",
  "metadata",
] as const;

/**
 * The rules that say what each failed response means, for all endpoints. The first rule that fits the response applies.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.5
 * @see https://www.rfc-editor.org/rfc/rfc8707#section-2
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthError
 */
export const SERVER_RESPONSES: readonly ResponseRule[] = [
  ...rules(["device"], "pending", "authorization_pending"),
  ...rules(["device"], "slow down", "slow_down"),
  { requests: EVERY, status: "429", error: "*", meaning: "temporary" },
  { requests: EVERY, status: "5xx", error: "*", meaning: "temporary" },
  ...rules(EVERY, "temporary", "temporarily_unavailable", "server_error"),
  // GitHub returns bad_refresh_token where the RFC has invalid_grant.
  ...rules(REFRESHES, "session over", "invalid_grant", "bad_refresh_token"),
  // A request of the kind `refresh` names no scope, resource or audience that the app could correct. So after these errors,
  // only a new login can help.
  ...rules(
    ["refresh"],
    "user needed",
    "interaction_required",
    "login_required",
    "consent_required",
    "account_selection_required",
    "invalid_request",
    "invalid_token",
    "unauthorized_client",
    "unsupported_grant_type",
    "access_denied",
  ),
  ...rules(
    ["refresh for a target"],
    "user needed",
    "interaction_required",
    "login_required",
    "consent_required",
    "account_selection_required",
  ),
  ...rules(
    ["refresh for a target"],
    "wrong request",
    "invalid_scope",
    "invalid_target",
    "invalid_request",
    "unauthorized_client",
    "access_denied",
  ),
  ...rules(["device"], "session over", "expired_token"),
  // Entra returns authorization_declined where RFC 8628 has access_denied.
  ...rules(["device"], "user needed", "access_denied", "authorization_declined"),
  // The server rejected an authorization code or a password. Only the user can supply a new code or password.
  ...rules(["code", "token"], "user needed", "invalid_grant"),
  ...rules(
    ["authorization"],
    "user needed",
    "access_denied",
    "interaction_required",
    "login_required",
    "consent_required",
    "account_selection_required",
  ),
  ...rules(
    ["authorization", "code", "device", "device authorization", "token", "revocation"],
    "wrong request",
    "invalid_request",
    "invalid_client",
    "unauthorized_client",
    "invalid_scope",
    "invalid_target",
    "unsupported_grant_type",
    "unsupported_response_type",
    "unsupported_token_type",
  ),
  // With the status 401 or 403, the server refused the access token. The same request would fail again.
  { requests: ["userinfo"], status: "401", error: "*", meaning: "user needed" },
  { requests: ["userinfo"], status: "403", error: "*", meaning: "user needed" },
];

/**
 * Returns the meaning of a failed response. If no rule fits, an authorization response is `unexplained`, and so is any other
 * response with a status 2xx or 4xx. Every other failure is `temporary`.
 */
export function meaningOf(request: ServerRequest, facts: ServerFacts): ResponseMeaning {
  const rule = SERVER_RESPONSES.find(
    (rule) => rule.requests.includes(request) && fits(rule, facts),
  );
  if (rule) return rule.meaning;
  return request === "authorization" || isResponse(facts.status) ? "unexplained" : "temporary";
}

/** Whether the same request might succeed later, without any change by the app or the user. */
export function isTemporary(request: ServerRequest, facts: ServerFacts): boolean {
  return meaningOf(request, facts) === "temporary";
}

/**
 * Whether the response says that the server did not process the request. A refresh token in the request is then still valid.
 */
export function isUnprocessed({ status, error }: ServerFacts): boolean {
  return status === 429 || status === 503 || error === "temporarily_unavailable";
}

/**
 * Whether the HTTP status says that the server has no endpoint at the requested URL. Newer server metadata might name another
 * URL.
 */
export function isNoEndpoint({ status }: ServerFacts): boolean {
  return [404, 405, 410, 421].includes(status ?? 0);
}

/** Whether the server does not know this client, or rejects the credentials of this client. */
export function isUnknownClient({ error }: ServerFacts): boolean {
  return error === "invalid_client";
}

function rules(
  requests: readonly ServerRequest[],
  meaning: ResponseMeaning,
  ...errors: readonly string[]
): ResponseRule[] {
  return errors.map((error) => ({ requests, error, meaning }));
}

function fits(rule: ResponseRule, { status, error }: ServerFacts): boolean {
  if (rule.status !== undefined && !`${status}`.startsWith(rule.status.replace("xx", ""))) {
    return false;
  }
  return rule.error === "*" || rule.error === error;
}

/** Whether the status is 2xx or 4xx. GitHub also refuses requests with the status 200, so 2xx is included. */
function isResponse(status: number | undefined): boolean {
  return /^[24]\d\d$/.test(`${status}`);
}
