import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import { Provider, type ClientMetadata } from "oidc-provider";
import { handle, listenOnLoopback } from "./loopback.ts";
import { interact } from "./interactions.ts";
import { MemoryDatabase } from "./memory-adapter.ts";
import { noticePage } from "./pages.ts";
import { findUser, pictureOf } from "./users.ts";
import { configuration } from "./provider-configuration.ts";
import { TokenRequests } from "./token-requests.ts";

const CLIENT_ID = "latchkey-demo";
const REDIRECT_PATHS = [
  "/",
  "/callback",
  "/popup.html",
  "/bare/",
  "/bare/callback",
  "/bare/relay.html",
];

export interface ProviderOptions {
  /** The first port to try; a taken port is skipped. 0: any free port. Default: 4700. */
  readonly port?: number;
  /** Origins of the apps. Their redirect URIs are registered and they may call the token endpoint. */
  readonly origins: readonly string[];
  /** Default: 60. */
  readonly accessTokenTtlSeconds?: number;
  /** How long a used refresh token may be used again. Default: 0, a second use ends the grant. */
  readonly reuseLeewaySeconds?: number;
  /** Paths of the redirect URIs on each origin. */
  readonly redirectPaths?: readonly string[];
  /** Paths of the post-logout redirect URIs on each origin. */
  readonly postLogoutPaths?: readonly string[];
  /** Completes an authorization request whose `login_hint` names a known user without a page. Default: false. */
  readonly autoLogin?: boolean;
  /** More clients, such as a server with a secret. */
  readonly clients?: readonly ClientMetadata[];
  /** The `interval` of device authorization responses, in seconds. Default: no `interval`, which means 5. */
  readonly deviceIntervalSeconds?: number;
  /** Sends `Cross-Origin-Opener-Policy: same-origin`, which disconnects a popup from its opener. Default: false. */
  readonly cutsOpener?: boolean;
}

export interface RunningProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly provider: Provider;
  readonly tokenRequests: TokenRequests;
  /** Each request, such as `GET /auth`, in the order of arrival. */
  readonly requests: string[];
  /** Sets the lifetime of access tokens that are issued from now on. */
  setAccessTokenTtl(seconds: number): void;
  /** Sets the lifetime of device codes that are issued from now on. */
  setDeviceCodeTtl(seconds: number): void;
  /** Revokes the grants and tokens of one user, or of all users, as an administrator would. Returns the number of grants. */
  revokeGrants(sub?: string): number;
  /** Revokes all access tokens. */
  endAccessTokens(): void;
  /** Logs one user, or all users, out at the provider. Their tokens stay valid. */
  endSessions(sub?: string): void;
  close(): Promise<void>;
}

const ASSETS: Readonly<Record<string, readonly [type: string, body: string]>> = {
  "/assets/pages.css": ["text/css", readFileSync(new URL("pages.css", import.meta.url), "utf8")],
  "/assets/press.js": ["text/javascript", 'document.querySelector("[data-press]").click();'],
  "/assets/icon.svg": [
    "image/svg+xml",
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><circle cx="12" cy="12" r="12" fill="#2f55c4"/><path d="M12 7v11M9.5 9.5h5M6.5 13.500c0 3 2.500 5 5.500 5s5.500-2 5.500-5" fill="none" stroke="#fff" stroke-width="1.600" stroke-linecap="round"/></svg>',
  ],
};

/** Starts an OpenID provider on this machine: in memory, with new keys at each start and three users without passwords. */
export async function startProvider(options: ProviderOptions): Promise<RunningProvider> {
  const { origins, autoLogin = false, cutsOpener = false } = options;
  const loopback = await listenOnLoopback(options.port ?? 4700);
  const issuer = loopback.origin;
  const database = new MemoryDatabase(() => (options.reuseLeewaySeconds ?? 0) * 1_000);
  const tokenRequests = new TokenRequests();
  const requests: string[] = [];
  let accessTokenTtl = options.accessTokenTtlSeconds ?? 60;
  let deviceCodeTtl = 10 * 60;

  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const provider = new Provider(
    issuer,
    configuration({
      issuer,
      clientId: CLIENT_ID,
      moreClients: options.clients ?? [],
      origins,
      redirectPaths: options.redirectPaths ?? REDIRECT_PATHS,
      postLogoutPaths: options.postLogoutPaths ?? ["/", "/bare/"],
      key: { ...(await exportJWK(privateKey)), alg: "ES256", use: "sig" },
      cookieKey: randomBytes(32).toString("base64url"),
      adapter: database.adapter,
      accessTokenTtl: () => accessTokenTtl,
      deviceCodeTtl: () => deviceCodeTtl,
    }),
  );
  tokenRequests.watch(provider);
  if (options.deviceIntervalSeconds !== undefined) {
    const interval = options.deviceIntervalSeconds;
    provider.use(async (ctx, next) => {
      await next();
      if (ctx.oidc?.route === "device_authorization")
        Object.assign(ctx.body as object, { interval });
    });
  }
  const protocol = provider.callback();
  // `form-action` also applies to redirects of a form, and the login form redirects to the app.
  const policy = `default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self' ${origins.join(" ")}; base-uri 'none'; frame-ancestors 'none'`;

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? "/", issuer);
    requests.push(`${request.method ?? "GET"} ${pathname}`);
    const asset = ASSETS[pathname] ?? picture(pathname);
    if (asset) {
      response
        .writeHead(200, { "Content-Type": asset[0], "Cache-Control": "max-age=3600" })
        .end(asset[1]);
      return;
    }
    response.setHeader("Content-Security-Policy", policy);
    response.setHeader("Referrer-Policy", "no-referrer");
    response.setHeader("X-Content-Type-Options", "nosniff");
    if (cutsOpener) response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    if (pathname.startsWith("/interaction/")) {
      response.setHeader("Cache-Control", "no-store");
      await interact(provider, request, response, { autoLogin });
    } else {
      await protocol(request, response);
    }
  };
  handle(loopback, (request, response) => {
    serve(request, response).catch(() => {
      const gone = noticePage("This page is out of date", "Go back to the app and sign in again.");
      if (!response.headersSent)
        response.writeHead(400, { "Content-Type": "text/html; charset=utf-8" });
      response.end(gone);
    });
  });

  return {
    issuer,
    clientId: CLIENT_ID,
    provider,
    tokenRequests,
    requests,
    setAccessTokenTtl: (seconds) => {
      accessTokenTtl = seconds;
    },
    setDeviceCodeTtl: (seconds) => {
      deviceCodeTtl = seconds;
    },
    revokeGrants: (sub) => database.revokeGrants(sub),
    endAccessTokens: () => database.endAccessTokens(),
    endSessions: (sub) => database.endSessions(sub),
    close: () => loopback.close(),
  };
}

function picture(pathname: string): readonly [string, string] | undefined {
  const user = findUser(/^\/users\/(\w+)\.svg$/.exec(pathname)?.[1]);
  return user && ["image/svg+xml", pictureOf(user)];
}
