import type { ServerFacts } from "./auth-error.ts";

/**
 * Which request a response belongs to. `refresh` asks for the default target, `refresh for a target` for a scope, resource or
 * audience of its own. `token` is every grant that sends neither a code, nor a refresh token, nor a device code.
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
 * - `temporary`: the same request may succeed later.
 * - `wrong request`: this request is wrong. Other requests of this session may succeed.
 * - `user needed`: only a user can help, by signing in, consenting or choosing.
 * - `session over`: the refresh token, code or device code is no longer valid.
 * - `pending`, `slow down`: a device login goes on.
 * - `unexplained`: the server refuses without an error that this table knows. Callers bound how often they repeat it.
 */
export type ResponseMeaning =
  | "temporary"
  | "wrong request"
  | "user needed"
  | "session over"
  | "pending"
  | "slow down"
  | "unexplained";

/** One line of the table. A line without `error` is about responses without an OAuth `error`. */
export interface ResponseRule {
  readonly requests: readonly ServerRequest[];
  /** A status, or a class of statuses. Every status when not given. */
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
 * The meaning of each response, for all endpoints. The first line that fits wins. No other code compares error strings.
 * @see RFC 6749 sections 4.1.2.1 and 5.2 https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 * @see RFC 8628 section 3.5 https://www.rfc-editor.org/rfc/rfc8628#section-3.5
 * @see RFC 8707 section 2 https://www.rfc-editor.org/rfc/rfc8707#section-2
 * @see OpenID Connect Core 1.0 section 3.1.2.6 https://openid.net/specs/openid-connect-core-1_0.html#AuthError
 */
export const SERVER_RESPONSES: readonly ResponseRule[] = [
  ...rules(["device"], "pending", "authorization_pending"),
  ...rules(["device"], "slow down", "slow_down"),
  { requests: EVERY, status: "429", error: "*", meaning: "temporary" },
  { requests: EVERY, status: "5xx", error: "*", meaning: "temporary" },
  ...rules(EVERY, "temporary", "temporarily_unavailable", "server_error"),
  // GitHub says bad_refresh_token where the RFC says invalid_grant.
  ...rules(REFRESHES, "session over", "invalid_grant", "bad_refresh_token"),
  // A request for the default target names nothing that could be wrong, so the server wants another login.
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
  // Entra says authorization_declined where RFC 8628 says access_denied.
  ...rules(["device"], "user needed", "access_denied", "authorization_declined"),
  // A code or a password: only a user can give another one.
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
  // The access token is refused: a newer one may help, and then only a user.
  { requests: ["userinfo"], status: "401", error: "*", meaning: "user needed" },
  { requests: ["userinfo"], status: "403", error: "*", meaning: "user needed" },
];

/**
 * What a failed response means. Everything that no line names is `unexplained` when the server answered, and `temporary` when
 * the status is missing or no status of an answer.
 * @example
 * meaningOf("refresh", { status: 400, error: "invalid_grant" }); // "session over"
 */
export function meaningOf(request: ServerRequest, facts: ServerFacts): ResponseMeaning {
  const rule = SERVER_RESPONSES.find(
    (rule) => rule.requests.includes(request) && fits(rule, facts),
  );
  if (rule) return rule.meaning;
  return request === "authorization" || isResponse(facts.status) ? "unexplained" : "temporary";
}

/** The same request may succeed later, without a change by anybody. */
export function isTemporary(request: ServerRequest, facts: ServerFacts): boolean {
  return meaningOf(request, facts) === "temporary";
}

/**
 * The server says that it did not process the request, so that a refresh token that was sent is still unused. Every other
 * temporary failure leaves open what the server did.
 */
export function isUnprocessed({ status, error }: ServerFacts): boolean {
  return status === 429 || status === 503 || error === "temporarily_unavailable";
}

/** The URL is no such endpoint, or no longer one: newer metadata may name another URL. */
export function isNoEndpoint({ status }: ServerFacts): boolean {
  return [404, 405, 410, 421].includes(status ?? 0);
}

/** The server does not know this client, or not by these credentials. */
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

/** 2xx and 4xx. GitHub answers 200 to what it refuses. */
function isResponse(status: number | undefined): boolean {
  return /^[24]\d\d$/.test(`${status}`);
}
