import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";
import { interact } from "../../demo/server/interactions.ts";
import { handle, listenOnLoopback } from "../../demo/server/loopback.ts";
import { MemoryDatabase } from "../../demo/server/memory-adapter.ts";
import { configuration } from "../../demo/server/provider-configuration.ts";

/** A provider that behaves like Auth0. */
export interface Auth0Like {
  /** The `domain` option of `Auth0Client`. */
  readonly domain: string;
  /** The domain with a slash at the end, as at Auth0. */
  readonly issuer: string;
  readonly clientId: string;
  close(): Promise<void>;
}

/** Starts the demo's provider as auth0-spa-js expects it: with Auth0's paths, an issuer that ends in a slash, and RS256. */
export async function startAuth0Like(origin: string, redirectPath: string): Promise<Auth0Like> {
  const loopback = await listenOnLoopback(0);
  const domain = loopback.origin;
  const issuer = `${domain}/`;
  const clientId = "auth0-app";
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const provider = new Provider(issuer, {
    ...configuration({
      issuer,
      clientId: "unused",
      moreClients: [
        {
          client_id: clientId,
          token_endpoint_auth_method: "none",
          grant_types: ["authorization_code", "refresh_token"],
          redirect_uris: [origin + redirectPath],
          id_token_signed_response_alg: "RS256",
        },
      ],
      origins: [origin],
      redirectPaths: [redirectPath],
      postLogoutPaths: [],
      key: { ...(await exportJWK(privateKey)), alg: "RS256", use: "sig" },
      cookieKey: "moving",
      adapter: new MemoryDatabase(() => 0).adapter,
      accessTokenTtl: () => 60,
      deviceCodeTtl: () => 600,
    }),
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256"] },
    routes: { authorization: "/authorize", token: "/oauth/token", userinfo: "/userinfo" },
  });
  const protocol = provider.callback();
  handle(loopback, (request, response) => {
    const isLogin = request.url?.startsWith("/interaction/");
    const served = isLogin
      ? interact(provider, request, response, { autoLogin: true })
      : protocol(request, response);
    served.catch(() => response.writeHead(500).end());
  });
  return { domain, issuer, clientId, close: () => loopback.close() };
}
