import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { AuthState } from "../../src/index.ts";
import { createBareAuth, status } from "../support/bare-page.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { launchBrowser, openTab } from "../support/browser.ts";
import { startHostileProvider, type HostileProvider } from "../support/hostile-provider.ts";

/** Invalid refreshed ID tokens, in two tabs of a real browser. */

let site: BareSite;
let browser: Browser;
let provider: HostileProvider;
let context: BrowserContext;
/** The tokens of all refresh responses. */
let brought: { accessToken: string; refreshToken: string }[];

beforeAll(async () => {
  [site, browser] = await Promise.all([startBareSite(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});
beforeEach(async () => {
  [provider, context] = await Promise.all([startHostileProvider(), browser.createBrowserContext()]);
  brought = [];
  onRefresh((body) => body);
});
afterEach(async () => {
  await context.close();
  await provider.close();
});

type Body = Record<string, unknown>;

/** Changes the responses to refreshes, and records their tokens. */
function onRefresh(change: (body: Body) => Body | Promise<Body>): void {
  provider.behaviours.set("/token", async ({ body }, good) => {
    if (body.get("grant_type") !== "refresh_token") return good;
    const changed = await change(good.body as Body);
    brought.push({
      accessToken: String(changed["access_token"]),
      refreshToken: String(changed["refresh_token"]),
    });
    return { ...good, body: changed };
  });
}

const keysAreAway = () => provider.behaviours.set("/jwks", () => "cut");

/** Logs a user in. Returns the page, which has the server's keys in memory. */
async function signedIn(): Promise<Page> {
  const { page } = await openTab(context, `${site.origin}/bare/`);
  await createBareAuth(page, provider.issuer);
  await Promise.all([
    page.waitForFunction(() => location.pathname === "/bare/callback"),
    page.evaluate(() => void window.auth.login().catch(() => {})),
  ]);
  await page.waitForFunction(() => "latchkey" in window);
  await createBareAuth(page, provider.issuer);
  await status(page, "authenticated");
  return page;
}

async function opened(): Promise<Page> {
  const { page } = await openTab(context, `${site.origin}/bare/`);
  await createBareAuth(page, provider.issuer);
  return page;
}

async function reloaded(page: Page): Promise<Page> {
  await page.goto(`${site.origin}/bare/`);
  await createBareAuth(page, provider.issuer);
  return page;
}

interface Outcome {
  readonly token?: string;
  readonly code?: string;
  readonly reason?: string;
  readonly claim?: string;
}

const getToken = (page: Page, cache: "default" | "reload" = "default"): Promise<Outcome> =>
  page.evaluate(
    (cache) =>
      window.auth.getToken({ prompt: "none", cache }).then(
        (token) => ({ token }),
        ({ code, reason, claim }) => ({ code, reason, claim }),
      ),
    cache,
  );

const stateOf = (page: Page): Promise<AuthState & { claim: string | undefined }> =>
  page.evaluate(() => {
    const { state } = window.auth;
    return { ...state, claim: state.status === "expired" ? state.error?.claim : undefined };
  });

async function expectEnded(page: Page, claim: string): Promise<void> {
  await status(page, "expired");
  expect(await stateOf(page)).toMatchObject({ reason: "id_token", claim });
  const error = { code: "refresh_token", reason: "id_token", claim };
  expect(await getToken(page)).toEqual(error);
}

const now = () => Math.floor(Date.now() / 1000);

describe("an ID token of a refresh", () => {
  test.each<[string, string, () => Body]>([
    ["a wrong sub", "sub", () => ({ sub: "eve" })],
    ["a wrong iss", "iss", () => ({ iss: "https://evil.example" })],
    ["a wrong aud", "aud", () => ({ aud: "another" })],
    ["an exp in the past", "exp", () => ({ iat: now() - 7200, exp: now() - 3600 })],
    ["another auth_time", "auth_time", () => ({ auth_time: now() - 9999 })],
    ["another nonce", "nonce", () => ({ nonce: "another" })],
  ])(
    "B1, B2: with %s ends the session, and no tab returns the new access token",
    async (_, claim, wrong) => {
      const one = await signedIn();
      const two = await opened();
      const { token: old } = await getToken(two);
      provider.claims = (claims, isRefresh) => (isRefresh ? { ...claims, ...wrong() } : claims);
      keysAreAway();
      const outcomes = await Promise.all([getToken(one, "reload"), getToken(two, "reload")]);
      for (const outcome of outcomes)
        expect([claim, old]).toContain(outcome.claim ?? outcome.token);
      for (const page of [one, two]) await expectEnded(page, claim);
      // The tab that refreshed revokes the new token, while it stays open.
      await expect
        .poll(() => provider.refreshTokens.has(brought[0]!.refreshToken), { timeout: 20_000 })
        .toBe(false);
      for (const page of [one, two]) await expectEnded(await reloaded(page), claim);
      expect(brought).toHaveLength(1);
    },
  );

  test("B1: with an invalid signature ends the session in every tab when one tab has keys, while keys are unreachable", async () => {
    const one = await signedIn();
    const two = await opened();
    await getToken(two);
    onRefresh(async (body) => ({
      ...body,
      id_token: await provider.sign(payloadOf(body["id_token"]), "foreign"),
    }));
    keysAreAway();
    expect(await getToken(one, "reload")).toMatchObject({ reason: "id_token", claim: "signature" });
    for (const page of [one, two]) await expectEnded(page, "signature");
    for (const page of [one, two]) await expectEnded(await reloaded(page), "signature");
    expect(brought).toHaveLength(1);
  });

  test("B1: whose key could not be fetched is validated after a reload, once keys are reachable", async () => {
    const one = await signedIn();
    const [signer, published] = await Promise.all([
      generateKeyPair("ES256"),
      generateKeyPair("ES256", { extractable: true }),
    ]);
    onRefresh(async (body) => ({
      ...body,
      id_token: await new SignJWT(payloadOf(body["id_token"]))
        .setProtectedHeader({ alg: "ES256", kid: "k2" })
        .sign(signer.privateKey),
    }));
    keysAreAway();
    const { token } = await getToken(one, "reload");
    expect(token).toBe(brought[0]!.accessToken);
    expect(await getToken(await reloaded(one))).toEqual({ token });
    const jwk = { ...(await exportJWK(published.publicKey)), kid: "k2", alg: "ES256" };
    provider.behaviours.set("/jwks", () => ({ body: { keys: [jwk] } }));
    await expectEnded(await reloaded(one), "signature");
  });

  test("B3, B14: that is older than the one before and has fewer claims ends no session and removes no name", async () => {
    const one = await signedIn();
    const older = () => ({ name: undefined, iat: now() - 3600, exp: now() + 600 });
    provider.claims = (claims, isRefresh) => (isRefresh ? { ...claims, ...older() } : claims);
    await reloaded(one);
    const before = await one.evaluate(() => window.auth.getUser());
    expect(await getToken(one, "reload")).toEqual({ token: brought[0]!.accessToken });
    await expect.poll(() => one.evaluate(() => window.auth.state.status)).toBe("authenticated");
    expect((await one.evaluate(() => window.auth.getUser()))!.name).toBe(before!.name);
  });

  test("B13: with an unusable access token fails the call, and the session goes on with the new refresh token", async () => {
    const one = await signedIn();
    onRefresh((body) => ({ ...body, token_type: "mac" }));
    expect(await getToken(one, "reload")).toMatchObject({ code: "request_token" });
    expect((await stateOf(one)).status).toBe("authenticated");
    onRefresh((body) => body);
    const two = await opened();
    expect(await getToken(two, "reload")).toEqual({ token: brought[1]!.accessToken });
    const sent = provider.requests.map(({ body }) => body.get("refresh_token"));
    expect(sent.filter((token) => token !== null).at(-1)).toBe(brought[0]!.refreshToken);
  });
});

function payloadOf(idToken: unknown): Body {
  return JSON.parse(Buffer.from(String(idToken).split(".")[1]!, "base64url").toString()) as Body;
}
