import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { readAll } from "../../demo/server/body.ts";
import { handle, listenOnLoopback } from "../../demo/server/loopback.ts";

/** A received request, also for metadata or keys. */
export interface ProviderRequest {
  /** Method and path, such as `POST /token`. */
  readonly what: string;
  readonly query: URLSearchParams;
  readonly body: URLSearchParams;
  /** The header `Origin`. */
  readonly origin: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A response of the provider. */
export interface ProviderResponse {
  readonly status?: number;
  /** An object is sent as JSON. */
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly delayMs?: number;
}

/** Returns the response to a request. `cut` closes the connection, `hang` never responds. `good` is the correct response. */
export type Behaviour = (
  request: ProviderRequest,
  good: ProviderResponse,
) => ProviderResponse | "cut" | "hang" | Promise<ProviderResponse | "cut" | "hang">;

/** An OpenID provider on this machine that completes each login at once. Tests can replace each of its responses. */
export interface HostileProvider {
  readonly issuer: string;
  readonly requests: ProviderRequest[];
  /** Replaces the correct response of a path, such as `"/token"`. */
  readonly behaviours: Map<string, Behaviour>;
  /** `sub` of the next login. */
  user: string;
  /** The provider's clock, in milliseconds since the epoch. */
  now: () => number;
  /** Changes the claims of every ID token. `isRefresh`: the ID token comes from a refresh, not from a login. */
  claims: (claims: Record<string, unknown>, isRefresh: boolean) => Record<string, unknown>;
  /** Members that every token response gets in addition; `undefined` removes a member. */
  tokens: Readonly<Record<string, unknown>>;
  /** Changes the metadata document. */
  metadata: (document: Record<string, unknown>) => Record<string, unknown>;
  /** The response to every preflight. */
  preflight: ProviderResponse;
  /** The refresh tokens that the server accepts, each of them once. */
  readonly refreshTokens: Map<string, SignIn>;
  /** The number of requests with this method and path. */
  count(what: string): number;
  /** Signs an ID token with the provider's key, or with an unknown key. */
  sign(claims: Record<string, unknown>, key?: "own" | "foreign"): Promise<string>;
  close(): Promise<void>;
}

/** The facts of a login that an ID token contains. */
interface SignIn {
  readonly sub: string;
  readonly nonce: string;
  /** Seconds since the epoch. */
  readonly authTime: number;
}

const [own, foreign] = await Promise.all([
  generateKeyPair("ES256", { extractable: true }),
  generateKeyPair("ES256"),
]);
const JWKS = {
  keys: [{ ...(await exportJWK(own.publicKey)), kid: "k1", alg: "ES256", use: "sig" }],
};

/** Starts the provider on a free port. */
export async function startHostileProvider(clientId = "latchkey-demo"): Promise<HostileProvider> {
  const loopback = await listenOnLoopback(0);
  const issuer = loopback.origin;
  const codes = new Map<string, SignIn & { scope: string }>();
  const me: HostileProvider = {
    issuer,
    requests: [],
    behaviours: new Map(),
    user: "ada",
    now: () => Date.now(),
    claims: (claims) => claims,
    tokens: {},
    metadata: (document) => document,
    preflight: { status: 204, headers: CORS },
    refreshTokens: new Map(),
    count: (what) => me.requests.filter((request) => request.what === what).length,
    sign: (claims, key = "own") =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: "ES256", kid: "k1" })
        .sign((key === "own" ? own : foreign).privateKey),
    close: () => loopback.close(),
  };

  handle(loopback, (request, response) => {
    serve(request, response).catch(() => response.destroy());
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", issuer);
    if (request.method === "OPTIONS") return send(response, me.preflight);
    const arrived: ProviderRequest = {
      what: `${request.method} ${url.pathname}`,
      query: url.searchParams,
      body: new URLSearchParams(await readAll(request)),
      origin: request.headers.origin ?? "",
      at: me.now(),
    };
    me.requests.push(arrived);
    const behaviour = me.behaviours.get(url.pathname);
    const good = await goodResponse(url.pathname, arrived);
    const reply = behaviour ? await behaviour(arrived, good) : good;
    if (reply === "hang") return;
    if (reply === "cut") return void response.destroy();
    if (reply.delayMs) await new Promise((resolve) => setTimeout(resolve, reply.delayMs));
    send(response, { ...reply, headers: { ...CORS, ...reply.headers } });
  }

  async function goodResponse(path: string, request: ProviderRequest): Promise<ProviderResponse> {
    switch (path) {
      case "/.well-known/openid-configuration":
        return { body: me.metadata(metadataOf(issuer)) };
      case "/jwks":
        return { body: JWKS };
      case "/authorize":
        return authorize(request);
      case "/token":
        return token(request);
      case "/userinfo":
        return { body: { sub: me.user } };
      case "/revoke":
        me.refreshTokens.delete(request.body.get("token") ?? "");
        return { status: 200 };
      case "/logout":
        return { status: 200, body: "<h1>Signed out</h1>", headers: HTML };
      case "/device":
        return {
          body: {
            device_code: randomUUID(),
            user_code: "ABCD-EFGH",
            verification_uri: `${issuer}/activate`,
            expires_in: 600,
            interval: 1,
          },
        };
      default:
        return { status: 404 };
    }
  }

  function authorize({ query }: ProviderRequest): ProviderResponse {
    const code = randomUUID();
    codes.set(code, {
      sub: me.user,
      nonce: query.get("nonce") ?? "",
      authTime: Math.floor(me.now() / 1000),
      scope: query.get("scope") ?? "",
    });
    return redirectTo(query, { code, state: query.get("state") ?? "" });
  }

  async function token({ body }: ProviderRequest): Promise<ProviderResponse> {
    const isRefresh = body.get("grant_type") === "refresh_token";
    const sent = (isRefresh ? body.get("refresh_token") : body.get("code")) ?? "";
    const { scope = SCOPE } = codes.get(sent) ?? {};
    const known = isRefresh ? me.refreshTokens.get(sent) : codes.get(sent);
    (isRefresh ? me.refreshTokens : codes).delete(sent);
    if (!known) return { status: 400, body: { error: "invalid_grant" } };
    const { sub, nonce, authTime } = known;
    const now = Math.floor(me.now() / 1000);
    const times = { iat: now, exp: now + 600, auth_time: authTime };
    const claims = { iss: issuer, aud: clientId, sub, ...times };
    const refreshToken = randomUUID();
    me.refreshTokens.set(refreshToken, { sub, nonce, authTime });
    return {
      body: {
        access_token: `at-${randomUUID()}`,
        token_type: "Bearer",
        expires_in: 60,
        refresh_token: refreshToken,
        scope,
        id_token: await me.sign(
          me.claims(
            { ...claims, ...(isRefresh ? {} : { nonce }), name: "Ada Lovelace" },
            isRefresh,
          ),
        ),
        ...me.tokens,
      },
    };
  }

  return me;
}

/** A redirect to the `redirect_uri` of an authorization request, with these parameters in its query. */
export function redirectTo(
  query: URLSearchParams,
  parameters: Readonly<Record<string, string>>,
): ProviderResponse {
  const location = new URL(query.get("redirect_uri")!);
  for (const [name, value] of Object.entries(parameters)) location.searchParams.set(name, value);
  return { status: 302, headers: { Location: location.href } };
}

const SCOPE = "openid profile email offline_access";
const HTML = { "Content-Type": "text/html" };
const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "authorization, content-type",
  "Cache-Control": "no-store",
};

function send(
  response: ServerResponse,
  { status = 200, body, headers = {} }: ProviderResponse,
): void {
  const isJson = typeof body === "object";
  response.writeHead(status, { ...(isJson && { "Content-Type": "application/json" }), ...headers });
  response.end(isJson ? JSON.stringify(body) : body);
}

function metadataOf(issuer: string): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    userinfo_endpoint: `${issuer}/userinfo`,
    revocation_endpoint: `${issuer}/revoke`,
    end_session_endpoint: `${issuer}/logout`,
    device_authorization_endpoint: `${issuer}/device`,
    id_token_signing_alg_values_supported: ["ES256"],
  };
}
