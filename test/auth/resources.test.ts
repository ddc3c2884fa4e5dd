import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startProvider, type RunningProvider } from "../../demo/server/provider.ts";
import type { AuthManager } from "../../src/auth/auth-manager.ts";
import { nodeBrowser } from "../support/node-browser.ts";

/**
 * One login gives tokens for several APIs, at the real provider.
 * @see https://www.rfc-editor.org/rfc/rfc8707
 */

const APP = "http://localhost:5999";
const ORDERS = `${APP}/orders`;
const FILES = `${APP}/files`;
/** The provider knows this resource, and the login does not name it. */
const STOCK = `${APP}/stock`;
const UNKNOWN = "https://elsewhere.example/api";

let strict: RunningProvider;
let lenient: RunningProvider;
beforeAll(async () => {
  const options = { port: 0, origins: [APP], autoLogin: true };
  [strict, lenient] = await Promise.all([
    startProvider(options),
    startProvider({ ...options, reuseLeewaySeconds: 60 }),
  ]);
});
afterAll(async () => {
  await Promise.all([strict?.close(), lenient?.close()]);
});

/** Opens two tabs of one browser. Ada logs in in the first one. */
async function signedIn(provider = strict, reuseLeewayMs?: number) {
  const { issuer, clientId, tokenRequests } = provider;
  const browser = nodeBrowser({
    issuer,
    clientId,
    redirectUri: `${APP}/callback`,
    scope: ["openid", "profile", "offline_access", "api:read", "api:write"],
    resources: [ORDERS, FILES],
    ...(reuseLeewayMs !== undefined && { reuseLeewayMs }),
  });
  const [first, second] = [browser.tab(), browser.tab()];
  await first.login({ loginHint: "ada" });
  tokenRequests.reset();
  return { ...browser, first, second, tokenRequests };
}

/** Returns the subject, audience and scope that the provider has stored for a token. */
async function seen(token: string, { provider }: RunningProvider = strict) {
  const found = await provider.AccessToken.find(token);
  return found && { sub: found.accountId, aud: found.aud, scope: found.scope };
}

const silently = (auth: AuthManager, target: object = {}) =>
  auth.getToken({ prompt: "none", ...target });

describe("after one login", () => {
  test("every API has its own token in one row, and each refresh sends the newest refresh token", async () => {
    const { first, sessions, users, tokenRequests } = await signedIn();
    const defaultToken = await silently(first);
    const orders = await silently(first, { resource: ORDERS });
    const files = await silently(first, { resource: FILES, scope: ["api:read"] });
    expect(await seen(defaultToken)).toMatchObject({ sub: "ada", aud: undefined });
    expect(await seen(orders)).toEqual({ sub: "ada", aud: ORDERS, scope: "api:read api:write" });
    expect(await seen(files)).toEqual({ sub: "ada", aud: FILES, scope: "api:read" });
    expect(await silently(first)).toBe(defaultToken);

    const { row } = await users.getActive();
    expect(Object.values(row!.access)).toHaveLength(3);
    const { refreshToken, access } = await sessions.open(row!.tokens);
    expect(Object.values(access).map(({ token }) => token)).toEqual([defaultToken, orders, files]);
    expect(refreshToken).toBeDefined();
    const [one, two] = tokenRequests.refreshes;
    expect(tokenRequests.count).toBe(2);
    expect(two!.sent).toBe(one!.given);
  });

  test("a token that covers the requested target is returned without a request", async () => {
    const { first, tokenRequests } = await signedIn();
    const orders = await silently(first, { resource: ORDERS });
    tokenRequests.reset();
    expect(await silently(first, { resource: ORDERS, scope: ["api:read"] })).toBe(orders);
    expect(await silently(first, { resource: ORDERS, scope: ["api:write", "api:read"] })).toBe(
      orders,
    );
    expect(await silently(first, { scope: ["profile"] })).toBe(await silently(first));
    expect(tokenRequests.count).toBe(0);
    expect(await silently(first, { resource: FILES, scope: ["api:read"] })).not.toBe(orders);
    expect(tokenRequests.count).toBe(1);
  });

  test("each tab has the tokens that the other tab obtained", async () => {
    const { first, second, tokenRequests } = await signedIn();
    const orders = await silently(first, { resource: ORDERS });
    const files = await silently(second, { resource: FILES });
    expect(await silently(second, { resource: ORDERS })).toBe(orders);
    expect(await silently(first, { resource: FILES })).toBe(files);
    expect(tokenRequests.count).toBe(2);
  });

  test("concurrent calls of two tabs for different APIs use no refresh token twice", async () => {
    const { first, second, tokenRequests } = await signedIn();
    const asked = await Promise.all(
      [first, second].flatMap((tab) => [
        silently(tab, { resource: ORDERS }),
        silently(tab, { resource: FILES }),
      ]),
    );
    expect(new Set(asked).size).toBe(2);
    expect(tokenRequests.refreshes.map(({ status }) => status)).toEqual([200, 200]);
    expect(await silently(second, { cache: "reload" })).not.toBe(asked[0]);
    expect(first.state.status).toBe("authenticated");
  });
});

describe("a refused target", () => {
  const target = { code: "request_token", error: "invalid_target", retryable: false };
  const scope = { ...target, error: "invalid_scope" };

  test("with an unknown scope changes nothing: the session stays", async () => {
    const { first, tokenRequests } = await signedIn();
    const defaultToken = await silently(first);
    await expect(silently(first, { scope: ["admin"] })).rejects.toMatchObject(scope);
    expect(await silently(first)).toBe(defaultToken);
    expect(await silently(first, { resource: ORDERS })).not.toBe(defaultToken);
    expect(await silently(first, { cache: "reload" })).not.toBe(defaultToken);
    expect(tokenRequests.refreshes.map(({ status }) => status)).toEqual([400, 200, 200]);
  });

  test("is not requested again at once", async () => {
    const { first, tokenRequests } = await signedIn();
    await expect(silently(first, { scope: ["admin"] })).rejects.toMatchObject(scope);
    await expect(silently(first, { scope: ["admin"] })).rejects.toMatchObject(scope);
    expect(tokenRequests.count).toBe(1);
  });

  // oidc-provider 9 consumes the refresh token before it validates the resource, and the refusal contains no new one.
  test.for([STOCK, UNKNOWN])(
    "B16: the resource %s keeps the session when the server accepts a used refresh token again",
    async (resource) => {
      const { first } = await signedIn(lenient, 60_000);
      const defaultToken = await silently(first);
      await expect(silently(first, { resource })).rejects.toMatchObject(target);
      expect(first.state.status).toBe("authenticated");
      const orders = await silently(first, { resource: ORDERS });
      expect(await seen(orders, lenient)).toMatchObject({ aud: ORDERS });
      expect(await silently(first)).toBe(defaultToken);
    },
  );

  test.for([STOCK, UNKNOWN])(
    "B16: the resource %s, which no login named, is not sent without reuseLeewayMs",
    async (resource) => {
      for (const reuseLeewayMs of [undefined, 0]) {
        const { first, tokenRequests } = await signedIn(strict, reuseLeewayMs);
        const defaultToken = await silently(first);
        const refused = silently(first, { resource });
        await expect(refused).rejects.toMatchObject({ code: "no_token" });
        await expect(refused).rejects.toThrow(/resources.*reuseLeewayMs/s);
        expect(tokenRequests.count).toBe(0);
        expect(await silently(first)).toBe(defaultToken);
        expect(await silently(first, { resource: ORDERS })).not.toBe(defaultToken);
        expect(first.state.status).toBe("authenticated");
      }
    },
  );

  test("B16: a login that names the resource returns its token, and the other tokens stay", async () => {
    const { first, second } = await signedIn();
    await first.login({ loginHint: "ada", resource: STOCK });
    expect(await seen(await silently(second, { resource: STOCK }))).toMatchObject({ aud: STOCK });
    expect(await seen(await silently(second, { resource: ORDERS }))).toMatchObject({ aud: ORDERS });
    const newer = await silently(second, { resource: STOCK, cache: "reload" });
    expect(await seen(newer)).toMatchObject({ aud: STOCK });
  });
});
