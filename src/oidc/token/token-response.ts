import type { RefreshedTokens } from "../../core/refresher.ts";
import { parseObject, text } from "../encoding.ts";
import { type HttpResponse } from "./http.ts";
import { formEncode, type FormRequest } from "./form-request.ts";
import { RequestTokenError, type ServerFacts } from "../../core/errors.ts";
import { isTemporary } from "../../core/server-responses.ts";
const ASSUMED_LIFETIME_S = 300;

/** Some servers, GitHub's among them, answer 200 to what they refuse. @see RFC 6749 section 5.2 */
export function isRefusal({ status, text: body }: HttpResponse): boolean {
  if (status < 200 || status > 299) return true;
  const { error, access_token: accessToken } = parseObject(body) ?? {};
  return text(error) !== undefined && text(accessToken) === undefined;
}

/** @see RFC 6749 section 5.1 */
export function parseTokens(
  { status, text: body }: HttpResponse,
  now: number,
  defaultLifetimeS: number = ASSUMED_LIFETIME_S,
): RefreshedTokens {
  const response = parseObject(body) ?? {};
  const accessToken = text(response["access_token"]);
  const tokenType = text(response["token_type"]);
  if (!accessToken || tokenType?.toLowerCase() !== "bearer") {
    throw new RequestTokenError(
      `the token endpoint's answer has no ${accessToken ? "token_type Bearer" : "access_token"}`,
      { hint: "The token endpoint must answer as in RFC 6749 section 5.1.", status },
    );
  }
  const refreshToken = text(response["refresh_token"]);
  const issuedTokenType = text(response["issued_token_type"]);
  const assumedS = refreshToken ? ASSUMED_LIFETIME_S : defaultLifetimeS;
  return {
    accessToken,
    tokenType: "Bearer",
    expiresAt: now + lifetimeS(response["expires_in"], assumedS) * 1000,
    // With commas at some servers, such as GitHub's.
    scope: text(response["scope"])?.split(/[ ,]+/).filter(Boolean),
    refreshToken,
    idToken: text(response["id_token"]),
    ...(issuedTokenType && { issuedTokenType }),
  };
}

/** A life in seconds that cannot overflow a date, whatever the server says of it. */
export function lifetimeS(expiresIn: unknown, assumedS: number): number {
  const seconds =
    typeof expiresIn === "string" && expiresIn.trim() !== "" ? Number(expiresIn) : expiresIn;
  if (typeof seconds !== "number" || Number.isNaN(seconds)) return assumedS;
  return Math.floor(Math.min(Math.max(seconds, 0), MAX_LIFETIME_S));
}

/** What an error answer says, with whatever it repeats of the request's secrets taken out. @see RFC 6749 section 5.2 */
export function parseFacts(
  { status, text: body }: HttpResponse,
  { secrets, credentials }: FormRequest,
): ServerFacts & { status: number } {
  const response = parseObject(body) ?? {};
  const all = [...secrets, ...(credentials.secrets ?? [])];
  const read = (name: string) =>
    all
      .flatMap((secret) => [secret, formEncode(secret)])
      .reduce((value, secret) => value?.replaceAll(secret, "[redacted]"), text(response[name]));
  return {
    error: read("error"),
    errorDescription: read("error_description"),
    errorUri: read("error_uri"),
    status,
  };
}

/** Ten years: long enough for everybody, short enough to be a date. */
export const MAX_LIFETIME_S = 315_360_000;

/** An endpoint's refusal, or its bad answer, as an error. */
export function refusal(name: string, facts: ServerFacts & { status: number }): RequestTokenError {
  return new RequestTokenError(
    `the ${name} answered ${facts.status} ${facts.error ?? "without an OAuth error"}`,
    {
      ...facts,
      hint: "`error` and `errorDescription` are the server's words; its log says more.",
      retryable: isTemporary("token", facts),
    },
  );
}

const MAX_WAIT_MS = 600_000;

/** @see RFC 9110 section 10.2.3 */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const value = headers.get("Retry-After")?.trim();
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_WAIT_MS);
}
