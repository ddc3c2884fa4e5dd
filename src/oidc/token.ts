import { RequestTokenError, type ServerFacts } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";
import type { RefreshAnswer, RefreshedTokens } from "../core/refresher.ts";
import type { Want } from "../core/want.ts";
import { request, type HttpAnswer, type HttpOptions } from "./http.ts";
import { parseFacts, parseTokens, retryAfterMs } from "./token-answer.ts";

/** Our registration at a server, and the way to its endpoint. */
export interface TokenClient extends HttpOptions {
  readonly clientId: string;
  readonly clock: Clock;
}

export interface CodeExchange extends Want {
  readonly tokenEndpoint: string;
  readonly code: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
}

export interface Refresh extends Want {
  readonly tokenEndpoint: string;
  readonly refreshToken: string;
}

export interface Revocation {
  readonly revocationEndpoint: string;
  readonly token: string;
}

/**
 * Sends a code, once.
 * @see RFC 6749 section 4.1.3
 * @see RFC 7636 section 4.5
 * @throws RequestTokenError refused, or answered badly
 * @throws NetworkError no answer; the code may be used up
 */
export async function exchangeCode(
  { tokenEndpoint, code, codeVerifier, redirectUri, resource, audience }: CodeExchange,
  client: TokenClient,
): Promise<RefreshedTokens> {
  const answer = await post("token endpoint", tokenEndpoint, client, {
    grant_type: "authorization_code",
    code,
    code_verifier: codeVerifier,
    redirect_uri: redirectUri,
    resource,
    audience,
  });
  if (!isOk(answer)) throw refusal("token endpoint", parseFacts(answer, [code, codeVerifier]));
  return parseTokens(answer, client.clock.now());
}

/**
 * Sends a refresh token, once, and says what became of it. Rejects only when the client's signal is aborted.
 * @see RFC 6749 section 6
 */
export async function refreshTokens(
  { tokenEndpoint, refreshToken, scope, resource, audience }: Refresh,
  client: TokenClient,
): Promise<RefreshAnswer> {
  try {
    const answer = await post("token endpoint", tokenEndpoint, client, {
      grant_type: "refresh_token",
      refresh_token: refreshToken,
      scope: scope?.join(" "),
      resource,
      audience,
    });
    const now = client.clock.now();
    if (isOk(answer)) return { type: "tokens", tokens: parseTokens(answer, now) };
    const facts = parseFacts(answer, [refreshToken]);
    const cause = refusal("token endpoint", facts);
    const { status } = answer;
    const refused = status >= 400 && status < 500;
    if (
      status === 429 ||
      status === 503 ||
      facts.error === "temporarily_unavailable" ||
      (refused && !facts.error)
    ) {
      return { type: "not_rotated", retryAfterMs: retryAfterMs(answer.headers, now), cause };
    }
    if (!refused || facts.error === "server_error") {
      return { type: "unknown", byServer: true, cause };
    }
    return facts.error === "invalid_grant" ? { type: "invalid_grant" } : { type: "refused", facts };
  } catch (cause) {
    client.signal?.throwIfAborted();
    return { type: "unknown", byServer: cause instanceof RequestTokenError, cause };
  }
}

/** @see RFC 7009 section 2 */
export async function revokeToken(
  { revocationEndpoint, token }: Revocation,
  client: TokenClient,
): Promise<void> {
  const name = "revocation endpoint";
  const answer = await post(name, revocationEndpoint, client, {
    token,
    token_type_hint: "refresh_token",
  });
  if (!isOk(answer)) throw refusal(name, parseFacts(answer, [token]));
}

function post(
  name: string,
  url: string,
  client: TokenClient,
  parameters: Record<string, string | undefined>,
): Promise<HttpAnswer> {
  const body = new URLSearchParams({ client_id: client.clientId });
  for (const [key, value] of Object.entries(parameters)) if (value) body.set(key, value);
  return request(
    name,
    url,
    {
      method: "POST",
      cache: "no-store",
      headers: { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" },
      body: body.toString(),
    },
    client,
  );
}

function isOk({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300;
}

function refusal(name: string, facts: ServerFacts & { status: number }): RequestTokenError {
  return new RequestTokenError(
    `the ${name} answered ${facts.status} ${facts.error ?? "without an OAuth error"}`,
    {
      ...facts,
      hint: "`error` and `errorDescription` are the server's words; its log says more.",
      retryable: facts.status === 429 || facts.status >= 500,
    },
  );
}
