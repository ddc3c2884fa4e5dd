import type { Endpoints } from "../core/authorization-server.ts";
import { RequestTokenError } from "../core/errors.ts";
import type { RefreshAnswer } from "../core/refresher.ts";
import { isUnprocessed, meaningOf, type ServerRequest } from "../core/server-responses.ts";
import { USUAL_WANT, wantKey, type Want } from "../core/want.ts";
import { publicCredentials, type CredentialsSource } from "./credentials.ts";
import { postForm, type FormRequest, type TokenClient } from "./form-request.ts";
import type { HttpAnswer } from "./http.ts";
import { refusal } from "./refusal.ts";
import { retryAfterMs } from "./retry-after.ts";
import { isRefusal, parseFacts, parseTokens } from "./token-answer.ts";

export interface SenderConfig extends TokenClient {
  readonly clientId: string;
  readonly endpoints?: Endpoints | undefined;
}

export interface Refresh extends Want {
  readonly tokenEndpoint: string;
  readonly refreshToken: string;
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
    async send({ refreshToken, tokenEndpoint, scope, resource, audience }) {
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
        const isDefault = wantKey({ scope, resource, audience }) === USUAL_WANT;
        const request = isDefault ? "refresh" : "refresh for a target";
        return judge(await postForm(form, config), form, { ...config, request });
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
  { clock, endpoints, request }: SenderConfig & { request: ServerRequest },
): RefreshAnswer {
  const now = clock.now();
  if (!isRefusal(answer)) {
    const tokens = parseTokens(answer, now);
    // What a server without keys says about the person cannot be verified.
    if (endpoints && !endpoints.jwksUri) tokens.idToken = undefined;
    return { type: "tokens", tokens };
  }
  const facts = parseFacts(answer, form);
  const cause = refusal(form.name, facts);
  if (isUnprocessed(facts)) {
    return { type: "not_rotated", retryAfterMs: retryAfterMs(answer.headers, now), cause };
  }
  const meaning = meaningOf(request, facts);
  switch (meaning) {
    case "session over":
      return { type: "invalid_grant" };
    case "user needed":
    case "wrong request":
    case "unexplained":
      return { type: "refused", meaning, facts };
    case "temporary":
    case "pending":
    case "slow down":
      return { type: "unknown", byServer: true, cause };
  }
}
