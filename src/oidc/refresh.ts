import type { Endpoints } from "../core/authorization-server.ts";
import { RequestTokenError } from "../core/errors.ts";
import type { GrantedAnswer, RefreshAnswer } from "../core/refresher.ts";
import { isUnprocessed, meaningOf } from "../core/server-responses.ts";
import type { Want } from "../core/want.ts";
import type { RefreshExpectation } from "./claims.ts";
import { publicCredentials, type CredentialsSource } from "./credentials.ts";
import { parseObject, text } from "./encoding.ts";
import { postForm, type FormRequest, type TokenClient } from "./form-request.ts";
import type { HttpAnswer } from "./http.ts";
import { refusal } from "./refusal.ts";
import { retryAfterMs } from "./retry-after.ts";
import { isRefusal, parseFacts, parseTokens } from "./token-answer.ts";
import { validateRefreshed, type Arrival } from "./validate-refreshed.ts";

export interface SenderConfig extends TokenClient, RefreshExpectation {
  readonly endpoints?: Endpoints | undefined;
}

export interface Refresh extends Want {
  readonly tokenEndpoint: string;
  readonly refreshToken: string;
  readonly previous: Arrival["previous"];
}

export interface Sender {
  /** Has ready what a send needs besides its refresh token. */
  prepare(): Promise<void>;
  /**
   * Sends a refresh token, once and in this task, and says what became of it.
   * @see RFC 6749 section 6
   */
  send(refresh: Refresh): Promise<RefreshAnswer>;
}

/** With a `source` for a client that has a secret. */
export function createSender(config: SenderConfig, source?: CredentialsSource): Sender {
  return {
    prepare: async () => source?.prepare(),
    async send({ refreshToken, tokenEndpoint, previous, scope, resource, audience }) {
      const credentials = source ? source.take() : publicCredentials(config.clientId);
      if (!credentials) return { type: "unsent" };
      const form = {
        name: "token endpoint",
        url: tokenEndpoint,
        parameters: {
          grant_type: "refresh_token",
          refresh_token: refreshToken,
          scope: scope?.join(" "),
          resource,
          audience,
        },
        secrets: [refreshToken],
        credentials,
      };
      try {
        return judge(await postForm(form, config), form, previous, config);
      } catch (cause) {
        return { type: "unknown", byServer: cause instanceof RequestTokenError, cause };
      }
    },
  };
}

/** @throws RequestTokenError neither tokens nor a refusal */
function judge(
  answer: HttpAnswer,
  form: FormRequest,
  previous: Refresh["previous"],
  { issuer, clientId, authTimeOnRefresh, clock, endpoints }: SenderConfig,
): RefreshAnswer {
  const now = clock.now();
  if (!isRefusal(answer)) {
    // An ID token of a server without keys can never be validated.
    const hasKeys = !endpoints || endpoints.jwksUri !== undefined;
    const { granted, idToken } = readGranted(answer, now, hasKeys);
    return validateRefreshed(granted, idToken, {
      issuer,
      clientId,
      authTimeOnRefresh,
      previous,
      now,
    });
  }
  const facts = parseFacts(answer, form);
  const cause = refusal(form.name, facts);
  const meaning = meaningOf("refresh", facts);
  if (isUnprocessed(facts) || (meaning === "unexplained" && !facts.error)) {
    return { type: "not_rotated", retryAfterMs: retryAfterMs(answer.headers, now), cause };
  }
  if (meaning === "temporary") return { type: "unknown", byServer: true, cause };
  return meaning === "session over" ? { type: "invalid_grant" } : { type: "refused", facts };
}

/** @throws RequestTokenError nothing says that the refresh token was used */
function readGranted(
  answer: HttpAnswer,
  now: number,
  hasKeys: boolean,
): { granted: GrantedAnswer; idToken: string | undefined } {
  const body = parseObject(answer.text) ?? {};
  const idToken = hasKeys ? text(body["id_token"]) : undefined;
  try {
    const tokens = { ...parseTokens(answer, now), idToken };
    return { granted: { type: "tokens", tokens }, idToken };
  } catch (cause) {
    const refreshToken = text(body["refresh_token"]);
    const isGranted = refreshToken ?? text(body["access_token"]);
    if (!(cause instanceof RequestTokenError) || !isGranted) throw cause;
    return { granted: { type: "unusable", refreshToken, cause }, idToken };
  }
}
