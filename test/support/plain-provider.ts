import { exportJWK, generateKeyPair } from "jose";
import type { Page } from "puppeteer-core";
import { Provider } from "oidc-provider";
import { handle, listenOnLoopback } from "../../demo/server/loopback.ts";

/** An `oidc-provider` as it comes: nothing but a client, a key, accounts and CORS is configured. */
export interface PlainProvider {
  readonly issuer: string;
  /** The requests that the provider received, as `POST /token`. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** Starts the provider for one public client of `origin` with the id `web`. */
export async function startPlainProvider(
  origin: string,
  redirectPaths: readonly string[],
): Promise<PlainProvider> {
  const loopback = await listenOnLoopback(0);
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const provider = new Provider(loopback.origin, {
    clients: [
      {
        client_id: "web",
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code", "refresh_token"],
        redirect_uris: redirectPaths.map((path) => origin + path),
        post_logout_redirect_uris: redirectPaths.map((path) => origin + path),
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "RS256", use: "sig" }] },
    claims: { profile: ["name", "picture"], email: ["email"] },
    findAccount: (_ctx, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: `${sub} Lovelace`, email: `${sub}@example.com` }),
    }),
    clientBasedCORS: () => true,
  });
  const requests: string[] = [];
  const protocol = provider.callback();
  handle(loopback, (request, response) => {
    requests.push(`${request.method} ${request.url?.split("?")[0]}`);
    protocol(request, response).catch(() => response.writeHead(500).end());
  });
  return { issuer: loopback.origin, requests, close: () => loopback.close() };
}

/** Logs `user` in on the pages that the provider has by default: any password, and then the consent. */
export async function logInAt(page: Page, issuer: string, user: string): Promise<void> {
  await page.waitForSelector('input[name="login"]');
  await page.type('input[name="login"]', user);
  await page.type('input[name="password"]', "any");
  await submit(page);
  while (page.url().startsWith(issuer)) await submit(page);
}

async function submit(page: Page): Promise<void> {
  await Promise.all([page.waitForNavigation(), page.click('[type="submit"]')]);
}
