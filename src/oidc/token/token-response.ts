import { isTexts, parseObject, text } from "../../core/shape.ts";
import type { ServerFacts } from "../../core/errors.ts";
import { RequestTokenError } from "../../core/protocol-errors.ts";
import { isTemporary } from "../../core/server-responses.ts";
import { developerHint, serverWords } from "../../core/server-words.ts";
import type { RefreshedTokens } from "../../core/refresher.ts";
import {
  type HttpResponse,
  type FormRequest,
  postForm,
  secretsOf,
  type TokenClient,
} from "./form-request.ts";
import { redact, redactCode } from "./redact.ts";

const ASSUMED_LIFETIME_S = 300;
/**
 * The characters of an access token. An HTTP header cannot contain other characters.
 * @see https://www.rfc-editor.org/rfc/rfc6749#appendix-A.12
 */
const VSCHAR = /^[\x20-\x7e]+$/;

/**
 * Returns true if the server refused the request. GitHub refuses with the status 200. Therefore, every response with an `error`
 * and no access token counts as a refusal.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 */
export function isRefusal({ status, text: body }: HttpResponse): boolean {
  if (status < 200 || status > 299) return true;
  const { error, access_token: accessToken } = parseObject(body) ?? {};
  return text(error) !== undefined && text(accessToken) === undefined;
}

/**
 * Returns the tokens of a response. `now` is the time when the response arrived, in milliseconds since the epoch.
 * @throws RequestTokenError the response has no bearer token
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.1
 */
export function parseTokens(
  { status, text: body }: HttpResponse,
  now: number,
  defaultLifetimeS: number = ASSUMED_LIFETIME_S,
): RefreshedTokens {
  const {
    access_token: access,
    token_type: type,
    expires_in: expiresIn,
    scope,
    refresh_token: refresh,
    id_token: id,
    issued_token_type: issued,
    ...extra
  } = parseObject(body) ?? {};
  const accessToken = text(access);
  const tokenType = text(type);
  const isToken = accessToken !== undefined && VSCHAR.test(accessToken);
  if (!isToken || tokenType?.toLowerCase() !== "bearer") {
    const lack = isToken
      ? "token_type Bearer"
      : accessToken
        ? "access_token of ASCII characters"
        : "access_token";
    throw new RequestTokenError(`the token endpoint's response has no ${lack}`, {
      hint: "The token endpoint must respond as RFC 6749 section 5.1 requires.",
      status,
    });
  }
  const refreshToken = text(refresh);
  const issuedTokenType = text(issued);
  const assumedS = refreshToken ? ASSUMED_LIFETIME_S : defaultLifetimeS;
  return {
    accessToken,
    tokenType: "Bearer",
    expiresAt: now + lifetimeS(expiresIn, assumedS) * 1000,
    scope: scopesOf(scope),
    refreshToken,
    idToken: text(id),
    ...(issuedTokenType && { issuedTokenType }),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}

/**
 * Returns the granted scopes. `scope` is a text or, at some servers, a list of texts. Some servers, such as GitHub, separate
 * scopes with commas. An empty text means that no scope was granted. Returns undefined if `scope` is missing or malformed: the
 * server then granted the requested scopes.
 */
function scopesOf(scope: unknown): string[] | undefined {
  const list: unknown = typeof scope === "string" ? [scope] : scope;
  return isTexts(list) ? list.flatMap((one) => one.split(/[\s,]+/)).filter(Boolean) : undefined;
}

/**
 * Converts `expiresIn` to whole seconds from 0 to `MAX_LIFETIME_S`. If `expiresIn` is missing or malformed, returns `assumedS`.
 */
export function lifetimeS(expiresIn: unknown, assumedS: number): number {
  const seconds =
    typeof expiresIn === "string" && expiresIn.trim() !== "" ? Number(expiresIn) : expiresIn;
  if (typeof seconds !== "number" || Number.isNaN(seconds)) return assumedS;
  return Math.floor(Math.min(Math.max(seconds, 0), MAX_LIFETIME_S));
}

/**
 * Returns the OAuth error and the status of a response. If the response repeats secrets of the request, these secrets are
 * redacted.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 */
export function parseFacts(
  { status, text: body }: HttpResponse,
  form: FormRequest,
): ServerFacts & { status: number } {
  const response = parseObject(body) ?? {};
  const all = secretsOf(form);
  const read = (name: string) => redact(text(response[name]), all);
  return {
    error: redactCode(text(response["error"]), all),
    errorDescription: read("error_description"),
    errorUri: read("error_uri"),
    status,
  };
}

/** The maximum lifetime of a token: ten years. A longer lifetime is shortened, so that the expiry is a valid date. Seconds. */
export const MAX_LIFETIME_S = 315_360_000;

/** Creates the error for a response that refuses a request. `name` is the name of the endpoint that sent the response. */
export function refusal(name: string, facts: ServerFacts & { status: number }): RequestTokenError {
  return new RequestTokenError(`the ${name} responded ${facts.status} ${serverWords(facts)}`, {
    ...facts,
    hint: developerHint(facts) ?? "The server's log says more.",
    retryable: isTemporary("token", facts),
  });
}

const MAX_WAIT_MS = 600_000;

/**
 * Reads the header `Retry-After`. Returns how long the client must wait before the next request. Milliseconds, at most ten
 * minutes. If the header is missing or malformed, returns undefined.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const value = headers.get("Retry-After")?.trim();
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_WAIT_MS);
}

/** A form for the token endpoint. */
export interface TokenRequestForm extends Omit<FormRequest, "name"> {
  /** The lifetime of the access token if the response has neither `expires_in` nor a refresh token. Seconds. */
  readonly defaultLifetimeS?: number | undefined;
}

/**
 * Sends a token request once. Returns the tokens.
 * @throws RequestTokenError the server refused the request, or sent an invalid response
 * @throws NetworkError no response came; the server might have processed the request, so the sent code or token might no longer
 * be valid
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-3.2
 */
export async function requestTokens(
  { defaultLifetimeS, ...rest }: TokenRequestForm,
  client: TokenClient,
): Promise<RefreshedTokens> {
  const form = { ...rest, name: "token endpoint" };
  const response = await postForm(form, client);
  const now = client.clock.now();
  if (isRefusal(response)) {
    const facts = parseFacts(response, form);
    throw refusal(form.name, { ...facts, retryAfterMs: retryAfterMs(response.headers, now) });
  }
  try {
    return parseTokens(response, now, defaultLifetimeS);
  } catch (error) {
    // The response has neither tokens nor an OAuth error, so the token endpoint might have a new URL. The metadata is therefore
    // fetched again before the next request.
    client.onUnavailable?.(form.url);
    throw error;
  }
}
