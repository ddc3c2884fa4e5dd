import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";
import { handle, listenOnLoopback } from "../../../demo/server/loopback.ts";
import { freePort } from "../process.ts";
import { ADA, GRACE, type AppToRegister, type RunningServer, type ServerKind } from "../server.ts";

const USERS = new Map([ADA, GRACE].map((user) => [user.login, user]));

/** The Node package with its default configuration, a client, a key, accounts and CORS. It keeps everything in memory. */
export const OIDC_PROVIDER: ServerKind = {
  name: "oidc-provider",
  setup: "as it comes",
  async start(app) {
    const port = await freePort();
    return startOidcProvider(app, { port, issuer: `http://localhost:${port}` });
  },
};

/** The port of the provider, and the issuer that browsers see. The provider is mounted at the path of the issuer. */
export interface Place {
  readonly port: number;
  readonly issuer: string;
}

/** Starts the provider. */
export async function startOidcProvider(app: AppToRegister, place: Place): Promise<RunningServer> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const jwks = { keys: [{ ...(await exportJWK(privateKey)), alg: "RS256", use: "sig" }] };
  let running = await listen(place, app, jwks);
  return {
    version: versionOf("oidc-provider"),
    config: { issuer: place.issuer, clientId: "web", loginOptions: { prompt: "consent" } },
    configured: [
      'A client with `token_endpoint_auth_method: "none"` and `refresh_token` in its `grant_types`.',
      "`clientBasedCORS` returns true for the app's origin.",
      '`claims` maps the scopes, such as `{ profile: ["name"], email: ["email"] }`.',
    ],
    pages: {
      user: 'input[name="login"]',
      password: 'input[name="password"]',
      submit: '[type="submit"]',
      agree: '[type="submit"]',
      deny: 'a[href*="abort"]',
      logOut: 'button[value="yes"]',
    },
    lacks: {
      keys: "it reads its keys at the start only, and forgets its sessions then",
      administrator: "it has no administration",
    },
    async restart(whileDown) {
      await running.close();
      await whileDown();
      running = await listen(place, app, jwks);
    },
    stop: () => running.close(),
  };
}

async function listen({ port, issuer }: Place, app: AppToRegister, jwks: { keys: object[] }) {
  const loopback = await listenOnLoopback(port);
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "web",
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code", "refresh_token"],
        redirect_uris: [...app.redirectUris],
        post_logout_redirect_uris: [...app.redirectUris],
      },
    ],
    jwks,
    claims: { profile: ["name"], email: ["email"] },
    findAccount: (_ctx, sub) => {
      const { name, email } = USERS.get(sub) ?? { name: sub, email: `${sub}@example.com` };
      return { accountId: sub, claims: () => ({ sub, name, email }) };
    },
    clientBasedCORS: (_ctx, origin) => origin === app.origin,
  });
  // Behind a proxy, oidc-provider must be told so.
  provider.proxy = issuer !== loopback.origin;
  const mountedAt = new URL(issuer).pathname.replace(/\/$/, "");
  const protocol = provider.callback();
  handle(loopback, (request, response) => {
    // The provider finds out where it is mounted by comparing the two URLs.
    const url = request.url ?? "/";
    Object.assign(request, { originalUrl: url });
    if (mountedAt && url.startsWith(`${mountedAt}/`)) request.url = url.slice(mountedAt.length);
    protocol(request, response).catch(() => response.writeHead(500).end());
  });
  return loopback;
}

function versionOf(name: string): string {
  const entry = createRequire(import.meta.url).resolve(name);
  const folder = entry.slice(0, entry.lastIndexOf(`node_modules/${name}/`));
  const text = readFileSync(`${folder}node_modules/${name}/package.json`, "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
