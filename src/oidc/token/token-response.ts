import { RequestTokenError, type ServerFacts } from "../../core/errors.ts";
import type { RefreshedTokens } from "../../core/refresher.ts";
import { parseObject, text } from "../encoding.ts";
import { type HttpAnswer } from "./http.ts";
import { formEncode, type FormRequest } from "./form-request.ts";
import { LONGEST_LIFE_S } from "../longest-life.ts";

const ASSUMED_LIFE_S = 300;

/** Some servers, GitHub's among them, answer 200 to what they refuse. @see RFC 6749 section 5.2 */
export function isRefusal({ status, text: body }: HttpAnswer): boolean {
  if (status < 200 || status > 299) return true;
  const { error, access_token: accessToken } = parseObject(body) ?? {};
  return text(error) !== undefined && text(accessToken) === undefined;
}

/** @see RFC 6749 section 5.1 */
export function parseTokens(
  { status, text: body }: HttpAnswer,
  now: number,
  untoldLifeS: number = ASSUMED_LIFE_S,
): RefreshedTokens {
  const answer = parseObject(body) ?? {};
  const accessToken = text(answer["access_token"]);
  const tokenType = text(answer["token_type"]);
  if (!accessToken || tokenType?.toLowerCase() !== "bearer") {
    throw new RequestTokenError(
      `the token endpoint's answer has no ${accessToken ? "token_type Bearer" : "access_token"}`,
      { hint: "The token endpoint must answer as in RFC 6749 section 5.1.", status },
    );
  }
  const refreshToken = text(answer["refresh_token"]);
  const issuedTokenType = text(answer["issued_token_type"]);
  const assumedS = refreshToken ? ASSUMED_LIFE_S : untoldLifeS;
  return {
    accessToken,
    tokenType: "Bearer",
    expiresAt: now + lifeS(answer["expires_in"], assumedS) * 1000,
    // With commas at some servers, such as GitHub's.
    scope: text(answer["scope"])?.split(/[ ,]+/).filter(Boolean),
    refreshToken,
    idToken: text(answer["id_token"]),
    ...(issuedTokenType && { issuedTokenType }),
  };
}

/** A life in seconds that cannot overflow a date, whatever the server says of it. */
export function lifeS(expiresIn: unknown, assumedS: number): number {
  const seconds =
    typeof expiresIn === "string" && expiresIn.trim() !== "" ? Number(expiresIn) : expiresIn;
  if (typeof seconds !== "number" || Number.isNaN(seconds)) return assumedS;
  return Math.floor(Math.min(Math.max(seconds, 0), LONGEST_LIFE_S));
}

/** What an error answer says, with whatever it repeats of the request's secrets taken out. @see RFC 6749 section 5.2 */
export function parseFacts(
  { status, text: body }: HttpAnswer,
  { secrets, credentials }: FormRequest,
): ServerFacts & { status: number } {
  const answer = parseObject(body) ?? {};
  const all = [...secrets, ...(credentials.secrets ?? [])];
  const read = (name: string) =>
    all
      .flatMap((secret) => [secret, formEncode(secret)])
      .reduce((value, secret) => value?.replaceAll(secret, "[redacted]"), text(answer[name]));
  return {
    error: read("error"),
    errorDescription: read("error_description"),
    errorUri: read("error_uri"),
    status,
  };
}
