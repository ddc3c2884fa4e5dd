import { RequestTokenError, type ServerFacts } from "../core/errors.ts";
import type { RefreshedTokens } from "../core/refresher.ts";
import { parseObject, text, type HttpAnswer } from "./http.ts";

const ASSUMED_LIFE_S = 300;
/** Ten years: long enough for everybody, short enough to be a date. */
const LONGEST_LIFE_S = 315_360_000;
const LONGEST_WAIT_MS = 600_000;

/** @see RFC 6749 section 5.1 */
export function parseTokens({ status, text: body }: HttpAnswer, now: number): RefreshedTokens {
  const answer = parseObject(body) ?? {};
  const accessToken = text(answer["access_token"]);
  const tokenType = text(answer["token_type"]);
  if (!accessToken || tokenType?.toLowerCase() !== "bearer") {
    throw new RequestTokenError(
      `the token endpoint's answer has no ${accessToken ? "token_type Bearer" : "access_token"}`,
      { hint: "The token endpoint must answer as in RFC 6749 section 5.1.", status },
    );
  }
  return {
    accessToken,
    tokenType: "Bearer",
    expiresAt: now + lifetime(answer["expires_in"]) * 1000,
    scope: text(answer["scope"])?.split(" ").filter(Boolean),
    refreshToken: text(answer["refresh_token"]),
    idToken: text(answer["id_token"]),
  };
}

function lifetime(expiresIn: unknown): number {
  const seconds =
    typeof expiresIn === "string" && expiresIn.trim() !== "" ? Number(expiresIn) : expiresIn;
  if (typeof seconds !== "number" || Number.isNaN(seconds)) return ASSUMED_LIFE_S;
  return Math.floor(Math.min(Math.max(seconds, 0), LONGEST_LIFE_S));
}

/** What an error answer says, with whatever it repeats of our `secrets` taken out. @see RFC 6749 section 5.2 */
export function parseFacts(
  { status, text: body }: HttpAnswer,
  secrets: readonly string[],
): ServerFacts & { status: number } {
  const answer = parseObject(body) ?? {};
  const read = (name: string) =>
    secrets.reduce<string | undefined>(
      (value, secret) => value?.replaceAll(secret, "[redacted]"),
      text(answer[name]),
    );
  return {
    error: read("error"),
    errorDescription: read("error_description"),
    errorUri: read("error_uri"),
    status,
  };
}

/** @see RFC 9110 section 10.2.3 */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const value = headers.get("Retry-After")?.trim();
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_WAIT_MS);
}
