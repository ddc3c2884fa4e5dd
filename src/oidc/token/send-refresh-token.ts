import type { Endpoints } from "../../core/authorization-server.ts";
import { NetworkError, RequestTokenError } from "../../core/errors.ts";
import type { GrantedResponse, RefreshResponse } from "../../core/refresher.ts";
import {
  isNoEndpoint,
  isUnprocessed,
  meaningOf,
  type ServerRequest,
} from "../../core/server-responses.ts";
import { DEFAULT_TARGET, targetKey, type TokenTarget } from "../../core/token-target.ts";
import type { RefreshExpectation } from "../id-token/claims.ts";
import { publicCredentials, type CredentialsSource } from "./credentials.ts";
import { parseObject, text } from "../encoding.ts";
import { postForm, type FormRequest, type TokenClient } from "./form-request.ts";
import type { HttpResponse } from "./http.ts";
import type { MetadataSource } from "../metadata-source.ts";
import { validateRefreshed, type Arrival } from "../id-token/validate-refreshed.ts";
import { retryAfterMs, refusal, isRefusal, parseFacts, parseTokens } from "./token-response.ts";

export interface SenderConfig extends TokenClient, RefreshExpectation {
  readonly endpoints?: Endpoints | undefined;
  readonly metadata: Omit<MetadataSource, "load">;
}

export interface Refresh extends TokenTarget {
  readonly refreshToken: string;
  readonly previous: Arrival["previous"];
}

export interface Sender {
  /** Has ready what a send needs besides its refresh token. */
  prepare(): Promise<void>;
  /** Takes over newer metadata of other tabs. Uses no network. */
  sync(): Promise<void>;
  /**
   * Sends a refresh token to the current token endpoint, once and in this task, and says what became of it. When the metadata
   * has to be read first, only that is done.
   * @see RFC 6749 section 6
   */
  send(refresh: Refresh): Promise<RefreshResponse>;
}

/** With a `source` for a client that has a secret. */
export function createSender(config: SenderConfig, source?: CredentialsSource): Sender {
  const { metadata } = config;
  return {
    prepare: async () => void (await Promise.all([metadata.sync(), source?.prepare()])),
    sync: () => metadata.sync(),
    async send({ refreshToken, previous, scope, resource, audience }) {
      const tokenEndpoint = metadata.current()?.tokenEndpoint;
      if (tokenEndpoint === undefined) return readMetadata(metadata);
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
        const isDefault = targetKey({ scope, resource, audience }) === DEFAULT_TARGET;
        const request = isDefault ? "refresh" : "refresh for a target";
        return validate(await postForm(form, config), form, previous, { ...config, request });
      } catch (cause) {
        const byServer = cause instanceof RequestTokenError;
        // Perhaps the host belongs to somebody else now.
        if (byServer) metadata.reportFailure(tokenEndpoint);
        return { type: "unknown", byServer, cause };
      }
    },
  };
}

/**
 * Takes the place of a request to a token endpoint that failed, so that a server that is down gets no more requests for it. A
 * new address is used at once.
 */
async function readMetadata(metadata: SenderConfig["metadata"]): Promise<RefreshResponse> {
  const failedUrl = metadata.failedUrl();
  try {
    const { tokenEndpoint } = await metadata.renew();
    if (tokenEndpoint !== failedUrl) return { type: "moved" };
    const cause = new NetworkError(
      "token endpoint: it failed, and the metadata names no other one",
    );
    return { type: "not_rotated", retryAfterMs: undefined, cause };
  } catch (cause) {
    return { type: "not_rotated", retryAfterMs: undefined, cause };
  }
}

/** @throws RequestTokenError neither tokens nor a refusal */
function validate(
  response: HttpResponse,
  form: FormRequest,
  previous: Refresh["previous"],
  {
    issuer,
    clientId,
    authTimeOnRefresh,
    clock,
    endpoints,
    request,
  }: SenderConfig & { readonly request: ServerRequest },
): RefreshResponse {
  const now = clock.now();
  if (!isRefusal(response)) {
    // An ID token of a server without keys can never be validated.
    const hasKeys = !endpoints || endpoints.jwksUri !== undefined;
    const { granted, idToken } = readGranted(response, now, hasKeys);
    return validateRefreshed(granted, idToken, {
      issuer,
      clientId,
      authTimeOnRefresh,
      previous,
      now,
    });
  }
  const said = parseFacts(response, form);
  // An `error` that comes with a 404 is no OAuth error.
  const facts = isNoEndpoint(said) ? { ...said, error: undefined } : said;
  const cause = refusal(form.name, facts);
  if (isUnprocessed(facts)) {
    return { type: "not_rotated", retryAfterMs: retryAfterMs(response.headers, now), cause };
  }
  const meaning = meaningOf(request, facts);
  if (meaning === "session over") return { type: "invalid_grant" };
  return meaning === "user needed" || meaning === "wrong request" || meaning === "unexplained"
    ? { type: "refused", meaning, facts }
    : { type: "unknown", byServer: true, cause };
}

/** @throws RequestTokenError nothing says that the refresh token was used */
function readGranted(
  response: HttpResponse,
  now: number,
  hasKeys: boolean,
): { granted: GrantedResponse; idToken: string | undefined } {
  const body = parseObject(response.text) ?? {};
  const idToken = hasKeys ? text(body["id_token"]) : undefined;
  try {
    const tokens = { ...parseTokens(response, now), idToken };
    return { granted: { type: "tokens", tokens }, idToken };
  } catch (cause) {
    const refreshToken = text(body["refresh_token"]);
    const isGranted = refreshToken ?? text(body["access_token"]);
    if (!(cause instanceof RequestTokenError) || !isGranted) throw cause;
    return { granted: { type: "unusable", refreshToken, cause }, idToken };
  }
}
