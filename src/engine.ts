import { abortable } from "./core/abortable.ts";
import type { AuthorizationServer, ServerMetadata } from "./core/authorization-server.ts";
import { DiscoveryError, IdTokenError, NetworkError } from "./core/errors.ts";
import type { Clock } from "./core/ports.ts";
import type { Send } from "./core/refresher.ts";
import type { RequestStore } from "./core/request-store.ts";
import { tokenSet } from "./core/token-set.ts";
import { parseWantKey } from "./core/want.ts";

const loadToken = () => chunk(import("./oidc/token.ts"));
const loadAuthorize = () => chunk(import("./oidc/authorize.ts"));

export interface EngineConfig {
  readonly issuer: string;
  readonly clientId: string;
  /** Asked for at every login. */
  readonly scope: readonly string[];
  readonly requests: RequestStore;
  readonly clock: Clock;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  readonly tokenTimeoutMs?: number;
  readonly discoveryTimeoutMs?: number;
}

/** The protocol, loaded piece by piece when it is first needed. */
export interface Engine {
  readonly server: AuthorizationServer;
  readonly send: Send;
}

/** Server and send share discovery and keys. */
export function createEngine(config: EngineConfig): Engine {
  const { issuer, clientId, clock, requests } = config;
  const { tokenTimeoutMs = 15_000, discoveryTimeoutMs = 10_000 } = config;
  // Looked up at each call: apps and tests replace the global.
  const send = config.fetch ?? ((url: string, init: RequestInit) => fetch(url, init));
  const http = { fetch: send, timeoutMs: discoveryTimeoutMs };
  const tokenClient = { clientId, clock, fetch: send, timeoutMs: tokenTimeoutMs };

  const loadMetadata = shared(async () =>
    (await chunk(import("./oidc/discovery.ts"))).discover(issuer, http),
  );
  const loadVerifier = shared(async () => {
    const [verify, metadata] = await Promise.all([
      chunk(import("./oidc/verify.ts")),
      loadMetadata(),
    ]);
    const keys = verify.createKeySet(jwksUriOf(metadata), { ...http, clock });
    return {
      verify,
      verifier: { issuer, clientId, keys, algorithms: metadata.idTokenSigningAlgValuesSupported },
    };
  });

  const server: AuthorizationServer = {
    async authorize(request, signal) {
      const loaded = Promise.all([loadAuthorize(), loadMetadata()]);
      const [{ createAuthorizationUrl }, metadata] = await abortable(loaded, signal);
      const scope = [...new Set(["openid", ...config.scope, ...(request.scope ?? [])])];
      return await createAuthorizationUrl(
        { ...request, scope },
        { metadata, clientId, requests, clock },
      );
    },

    async exchange(response, signal) {
      // Chunks and metadata first: when they cannot be had, the pending request stays pending.
      const loaded = Promise.all([loadAuthorize(), loadToken(), loadMetadata(), loadVerifier()]);
      const [{ readAuthorizationResponse }, { exchangeCode }, metadata, { verify, verifier }] =
        await abortable(loaded, signal);
      const here = { metadata, clientId, requests, clock };
      const request = await readAuthorizationResponse(response, here);
      const { tokenEndpoint } = metadata;
      const tokens = await exchangeCode({ ...request, tokenEndpoint }, { ...tokenClient, signal });
      const { accessToken, tokenType, expiresAt, refreshToken, idToken } = tokens;
      if (!idToken) {
        throw new IdTokenError("id_token", "missing", {
          hint: "The server must know the scope openid for this client.",
        });
      }
      const expected = {
        ...request,
        accessToken,
        requestedAt: request.createdAt,
        now: clock.now(),
      };
      const verified = verify.verifyIdToken(idToken, verifier, expected);
      const { user, authTime } = await abortable(verified, signal);
      const { returnTo } = request;
      return tokenSet({
        accessToken,
        tokenType,
        expiresAt,
        scope: tokens.scope ?? request.scope,
        idToken,
        user,
        tokenEndpoint,
        ...(refreshToken && { refreshToken }),
        ...(authTime !== undefined && { authTime }),
        ...(returnTo !== undefined && { returnTo }),
      });
    },

    async revoke(token, signal) {
      const [{ revokeToken }, { revocationEndpoint }] = await abortable(
        Promise.all([loadToken(), loadMetadata()]),
        signal,
      );
      if (revocationEndpoint)
        await revokeToken({ revocationEndpoint, token }, { ...tokenClient, signal });
    },

    async endSession({ idToken, postLogoutRedirectUri }, signal) {
      const { endSessionEndpoint } = await abortable(loadMetadata(), signal);
      if (!endSessionEndpoint) return undefined;
      const url = new URL(endSessionEndpoint);
      url.searchParams.set("client_id", clientId);
      if (idToken) url.searchParams.set("id_token_hint", idToken);
      if (postLogoutRedirectUri)
        url.searchParams.set("post_logout_redirect_uri", postLogoutRedirectUri);
      return url.href;
    },
  };

  let token: Awaited<ReturnType<typeof loadToken>> | undefined;
  return {
    server,
    send: {
      async prepare() {
        token = await loadToken();
      },
      // Loads nothing: the request leaves in the task in which the coordinator decided so.
      async send({ refreshToken, tokenEndpoint }, want) {
        if (!token || !refreshToken) return { type: "unsent" };
        return await token.refreshTokens(
          { refreshToken, tokenEndpoint, ...parseWantKey(want) },
          tokenClient,
        );
      },
      async verify(record) {
        const { idToken, user, authTime } = record;
        if (!idToken) return { type: "valid", user, authTime };
        try {
          const { verify, verifier } = await loadVerifier();
          const verified = await verify.verifyRefreshedIdToken(idToken, verifier, record);
          return { type: "valid", user: verified.user, authTime: verified.authTime ?? authTime };
        } catch (error) {
          return {
            type: error instanceof IdTokenError && !error.retryable ? "invalid" : "unknown",
          };
        }
      },
    },
  };
}

/** The same result for everybody; a failure is forgotten. */
function shared<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    const current = (made ??= make());
    current.catch(() => {
      if (made === current) made = undefined;
    });
    return current;
  };
}

function chunk<T>(loading: Promise<T>): Promise<T> {
  return loading.catch((cause: unknown) => {
    throw new NetworkError(
      "a part of Latchkey could not be loaded",
      cause,
      "Try again; if it stays, the app was deployed anew: reload the page.",
    );
  });
}

function jwksUriOf({ jwksUri }: ServerMetadata): string {
  if (jwksUri) return jwksUri;
  throw new DiscoveryError("jwks_uri is missing", {
    hint: "ID tokens cannot be verified without the server's keys.",
  });
}
