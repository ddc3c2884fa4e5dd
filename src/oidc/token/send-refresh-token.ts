import type { OwnParameters } from "../../core/authorization-parameters.ts";
import { NetworkError } from "../../core/errors.ts";
import { RequestTokenError } from "../../core/protocol-errors.ts";
import type { GrantedResponse, RefreshResponse } from "../../core/refresher.ts";
import {
  isNoEndpoint,
  isUnprocessed,
  meaningOf,
  type ServerRequest,
} from "../../core/server-responses.ts";
import { DEFAULT_TARGET, targetKey, type TokenTarget } from "../../core/token-target.ts";
import type { RefreshExpectation } from "../id-token/claims.ts";
import { isAnyGranted, missingScopes, notGranted } from "../../core/scope-spelling.ts";
import { parseObject, text } from "../../core/shape.ts";
import type { MetadataSource } from "../metadata-source.ts";
import { validateRefreshed, type Arrival } from "../id-token/verify-stored.ts";
import { retryAfterMs, refusal, isRefusal, parseFacts, parseTokens } from "./token-response.ts";
import {
  type HttpResponse,
  publicCredentials,
  type CredentialsSource,
  postForm,
  type FormRequest,
  type TokenClient,
} from "./form-request.ts";

/** Configuration of `createSender()`. */
export interface SenderConfig extends TokenClient, RefreshExpectation {
  /** Whether the server's ID tokens can be verified. If not, the ID token of a response is ignored. */
  readonly isOpenId: boolean;
  /** Additional parameters of every token request, for which Latchkey has no option. */
  readonly tokenParameters?: OwnParameters | undefined;
  readonly metadata: Omit<MetadataSource, "load">;
  /** Shows a message for developers. The sender shows each message only once. */
  readonly warn?: ((message: string) => void) | undefined;
}

/** The input of `send()`. `previous` has the user and the ID token of the session before the refresh. */
export interface Refresh extends TokenTarget {
  readonly refreshToken: string;
  readonly previous: Arrival["previous"];
}

/** Sends refresh tokens. */
export interface Sender {
  /** Loads the stored metadata and prepares the client's credentials, so that `send()` need not wait. */
  prepare(): Promise<void>;
  /** Reads the newest metadata that any tab has stored. Makes no request to the server. */
  sync(): Promise<void>;
  /**
   * Sends a refresh token to the token endpoint once. Calls `fetch` synchronously.
   * - If the metadata must be fetched first, `send()` fetches only the metadata. The result has the type `moved` or
   *   `not_rotated`.
   * - If the client's credentials are not prepared, `send()` sends nothing. The result has the type `unsent`.
   * @see https://www.rfc-editor.org/rfc/rfc6749#section-6
   */
  send(refresh: Refresh): Promise<RefreshResponse>;
}

/** Creates a sender. A client with a secret or a key needs a `source` of credentials. */
export function createSender(config: SenderConfig, source?: CredentialsSource): Sender {
  const { metadata } = config;
  const told = new Set<string>();
  const warn = (message: string) => {
    if (!told.has(message)) config.warn?.(message);
    told.add(message);
  };
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
        own: config.tokenParameters,
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
        return validate(await postForm(form, config), form, previous, { ...config, request, warn });
      } catch (cause) {
        const byServer = cause instanceof RequestTokenError;
        // If the response has neither tokens nor an OAuth error, the token endpoint might have a new URL. The metadata is then
        // fetched before the next refresh.
        if (byServer) metadata.reportFailure(tokenEndpoint);
        return { type: "unknown", byServer, cause };
      }
    },
  };
}

/**
 * Fetches the metadata if `send()` has no usable token endpoint. Does not send the refresh token. The result has one of these
 * types:
 * - `moved`: the metadata has a token endpoint that has not failed. The caller can call `send()` again at once.
 * - `not_rotated`: the fetch failed, or the metadata has only the token endpoint that has failed.
 */
async function readMetadata(metadata: SenderConfig["metadata"]): Promise<RefreshResponse> {
  const failedUrl = metadata.failedUrl();
  try {
    const { tokenEndpoint } = await metadata.renew();
    if (tokenEndpoint !== failedUrl) return { type: "moved" };
    const cause = new NetworkError(
      `the token endpoint ${failedUrl} failed, and the server's metadata has no other token endpoint`,
    );
    return { type: "not_rotated", retryAfterMs: undefined, cause };
  } catch (cause) {
    return { type: "not_rotated", retryAfterMs: undefined, cause };
  }
}

/**
 * Converts the response of the token endpoint to the result of `send()`.
 * @throws RequestTokenError the response has neither tokens nor an error
 */
function validate(
  response: HttpResponse,
  form: FormRequest,
  previous: Refresh["previous"],
  {
    issuer,
    clientId,
    authTimeOnRefresh,
    clock,
    isOpenId,
    request,
    warn,
  }: SenderConfig & { readonly request: ServerRequest },
): RefreshResponse {
  const now = clock.now();
  if (!isRefusal(response)) {
    const { scope = "" } = form.parameters;
    const requested = String(scope).split(" ").filter(Boolean);
    const { granted, idToken } = readGranted(response, now, isOpenId, requested);
    if (granted.type === "tokens") {
      const { scope: all = requested } = granted.tokens;
      const missing = missingScopes(requested, all);
      if (missing.length > 0) warn?.(notGranted(missing, all));
    }
    return validateRefreshed(granted, idToken, {
      issuer,
      clientId,
      authTimeOnRefresh,
      previous,
      now,
    });
  }
  const said = parseFacts(response, form);
  // A status such as 404 means that the URL is not a token endpoint. The `error` in such a response is not an OAuth error.
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

/**
 * Reads a response that is not a refusal. `granted` has one of these types:
 * - `tokens`: the response has an access token of the type Bearer.
 * - `unusable`: the response has only a refresh token, an access token of another type, or none of the requested scopes.
 * `requested`: the requested scopes.
 * @throws RequestTokenError the response has no token; the sent refresh token might still be valid
 */
function readGranted(
  response: HttpResponse,
  now: number,
  isOpenId: boolean,
  requested: readonly string[],
): { granted: GrantedResponse; idToken: string | undefined } {
  const body = parseObject(response.text) ?? {};
  const idToken = isOpenId ? text(body["id_token"]) : undefined;
  try {
    const tokens = { ...parseTokens(response, now), idToken };
    if (tokens.scope && !isAnyGranted(requested, tokens.scope))
      throw noneGranted(requested, tokens.scope);
    return { granted: { type: "tokens", tokens }, idToken };
  } catch (cause) {
    const refreshToken = text(body["refresh_token"]);
    const isGranted = refreshToken ?? text(body["access_token"]);
    if (!(cause instanceof RequestTokenError) || !isGranted) throw cause;
    return { granted: { type: "unusable", refreshToken, cause }, idToken };
  }
}

function noneGranted(requested: readonly string[], granted: readonly string[]): RequestTokenError {
  return new RequestTokenError(
    `the server did not grant the scope ${requested.join(" ")}. It granted ${granted.join(" ") || "none"}`,
    {
      hint: "Add the scope to `scope`, so that the next login requests it, and allow it for this client at the server.",
    },
  );
}
