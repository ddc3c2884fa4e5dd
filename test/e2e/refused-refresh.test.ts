import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createBareAuth, getToken, status } from "../support/bare-page.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { launchBrowser, openTab } from "../support/browser.ts";
import {
  startHostileProvider,
  type HostileProvider,
  type ProviderResponse,
} from "../support/hostile-provider.ts";
import { moveClock } from "../support/page-clock.ts";

/** A server that refuses refreshes or is down, in tabs of a real browser that reload. */

const MINUTE = 60_000;
/** Lifetime of the provider's access tokens: a minute. Milliseconds. */
const LIFETIME = MINUTE;

let site: BareSite;
let browser: Browser;
let context: BrowserContext;
let provider: HostileProvider;

beforeAll(async () => {
  [site, browser] = await Promise.all([startBareSite(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});
beforeEach(async () => {
  context = await browser.createBrowserContext();
  provider = await startHostileProvider();
});
afterEach(async () => {
  await context.close();
  await provider.close();
});

/** Opens two tabs with Ada's session. */
async function signedIn(timing: Record<string, number> = {}): Promise<[Page, Page]> {
  const { page: first } = await openTab(context, `${site.origin}/bare/`);
  await createBareAuth(first, provider.issuer, timing);
  await Promise.all([
    first.waitForFunction(() => location.pathname === "/bare/callback"),
    first.evaluate(() => {
      window.auth.login().catch(() => {});
    }),
  ]);
  await createBareAuth(first, provider.issuer, timing);
  await status(first, "authenticated");
  const { page: second } = await openTab(context, `${site.origin}/bare/`);
  await createBareAuth(second, provider.issuer, timing);
  await status(second, "authenticated");
  provider.requests.length = 0;
  return [first, second];
}

/** Moves the page's clock forward and loads the page again. */
async function loadLater(page: Page, ms: number, timing: Record<string, number> = {}) {
  await moveClock(page, ms);
  await page.goto(`${site.origin}/bare/`);
  await createBareAuth(page, provider.issuer, timing);
}

/** Sends this response to refreshes, and keeps their refresh tokens valid. */
function refuse(response: ProviderResponse | "cut"): void {
  provider.behaviours.set("/token", ({ body }, good) => {
    const sent = body.get("refresh_token");
    if (sent === null) return good;
    // The new refresh token never arrives, and the old one stays valid.
    const { refresh_token: lost } = good.body as { refresh_token: string };
    provider.refreshTokens.set(sent, provider.refreshTokens.get(lost)!);
    return response;
  });
}

const refreshes = () => provider.count("POST /token");
const state = (page: Page) => page.evaluate(() => window.auth.state);

test("A5: a refresh that needs the user is sent once, all pages are expired, and a login ends that", async () => {
  const words = { error: "interaction_required", error_description: "AADSTS50076: use MFA" };
  refuse({ status: 400, body: words });
  const [first, second] = await signedIn();
  await Promise.all([loadLater(first, LIFETIME), loadLater(second, LIFETIME)]);
  expect(await getToken(first)).toMatchObject({ code: "refresh_token", reason: "user_needed" });
  const expired = {
    status: "expired",
    reason: "user_needed",
    user: { sub: "ada" },
    error: { error: words.error, errorDescription: words.error_description, status: 400 },
  };
  await status(second, "expired");
  expect(await state(second)).toMatchObject(expired);
  expect(await getToken(second)).toMatchObject({ reason: "user_needed" });
  await loadLater(first, 1_000);
  await status(first, "expired");
  expect(await state(first)).toMatchObject(expired);
  expect(await getToken(first)).toMatchObject({ reason: "user_needed" });
  expect(refreshes()).toBe(1);
  // The page navigates to the login page by itself.
  await first.bringToFront();
  await Promise.all([
    first.waitForFunction(() => location.pathname === "/bare/callback"),
    first.evaluate(() => {
      window.auth.getToken().catch(() => {});
    }),
  ]);
  await createBareAuth(first, provider.issuer);
  await status(first, "authenticated");
  await status(second, "authenticated");
  expect(provider.count("GET /authorize")).toBe(1);
  expect((await getToken(second)).token).toBe((await getToken(first)).token);
});

// `npm run test:hour` has the hours of the other refusals.
test.for([
  [
    "A6: a 400 with a message",
    { status: 400, body: { status: 400, message: "Invalid refresh token" } },
  ],
] as const)(
  "%s: an hour in two tabs that reload takes at most 10 requests",
  async ([, response]) => {
    refuse(response);
    const timing = { patienceMs: 300 };
    const [first, second] = await signedIn(timing);
    await loadLater(first, LIFETIME, timing);
    let at = 0;
    // The first minutes in small steps, because most requests are sent then.
    for (const step of [0, 3, 10, 25, 30, 30, 60, 60, ...Array<number>(11).fill(300)]) {
      at += step * 1_000;
      for (const page of [first, second]) {
        await loadLater(page, page === first || at > 0 ? step * 1_000 : LIFETIME, timing);
        const { token } = await getToken(page);
        expect(token).toBeUndefined();
      }
    }
    expect(at).toBeGreaterThan(55 * MINUTE);
    // On a busy machine, reading the row may take longer than the timeout of one call.
    await expect
      .poll(() => getToken(second), { timeout: 20_000 })
      .toMatchObject({ code: "refresh_token", reason: "user_needed" });
    await expect
      .poll(() => state(first), { timeout: 20_000 })
      .toMatchObject({ status: "expired", reason: "user_needed" });
    expect(refreshes()).toBeGreaterThan(1);
    expect(refreshes()).toBeLessThanOrEqual(10);
    // The session never ended: it goes on as soon as the server accepts its refresh token again.
    provider.behaviours.clear();
    await loadLater(first, 61 * MINUTE, timing);
    expect((await getToken(first)).token).toMatch(/^at-/);
  },
);

test.for([
  ["503", { status: 503 }],
  ["a connection that is closed", "cut"],
] as const)(
  "A10: %s: two tabs that reload send at most 6 requests, and then one per 2/3 of the longest pause",
  async ([, response]) => {
    refuse(response);
    // A tenth of the real times.
    const timing = {
      backOffBaseMs: 30,
      backOffCapMs: 3_000,
      drainMs: 200,
      tickMs: 100,
      patienceMs: 1_000,
    };
    const [first, second] = await signedIn(timing);
    for (const page of [first, second]) await loadLater(page, LIFETIME, timing);
    const begun = Date.now();
    for (let loads = 0; Date.now() - begun < 8_000; loads++) {
      await Promise.all([getToken(first), getToken(second)]);
      await loadLater(loads % 2 ? first : second, 0, timing);
    }
    const sent = provider.requests.filter(({ what }) => what === "POST /token");
    const times = sent.map(({ at }) => at - sent[0]!.at);
    expect(times.filter((at) => at < 3_000).length).toBeLessThanOrEqual(6);
    for (const from of times.filter((at) => at >= 3_000))
      expect(times.filter((at) => at >= from && at < from + 5_900).length).toBeLessThanOrEqual(3);
    expect(times.length).toBeGreaterThan(3);
    // The page has just loaded, and reads the store.
    await expect
      .poll(() => state(first), { timeout: 20_000 })
      .toMatchObject({ status: "authenticated", freshness: "stale" });
    provider.behaviours.clear();
    // In a visible page the user does not wait for long.
    await first.bringToFront();
    await expect
      .poll(async () => (await getToken(first)).token, { timeout: 20_000 })
      .toMatch(/^at-/);
  },
);
