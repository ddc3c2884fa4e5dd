import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import type { RefreshResponse } from "../../src/core/refresher.ts";
import { AutoLoginGrant } from "../../src/grants/auto-login-grant.ts";
import { ADA, responseOf, expiredRow, KEY, settle } from "../refresh/tabs.ts";
import { goodRow, loginResponse, remember, REDIRECT_URI, world } from "./fixture.ts";

/** The server needs the user. The tests check the state of every tab and the behaviour of `getToken()`. */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const refused = (meaning: "user needed" | "wrong request", error: string): RefreshResponse => ({
  type: "refused",
  meaning,
  facts: { error, errorDescription: "sign in again", status: 400 },
});
const EXPIRED = {
  status: "expired",
  reason: "user_needed",
  error: {
    code: "refresh_token",
    error: "interaction_required",
    errorDescription: "sign in again",
  },
  user: { sub: ADA },
};
const silently = { prompt: "none" } as const;

/** Ada's token has expired, and the server requires a new login. */
async function needed() {
  const my = world();
  await remember(my, expiredRow());
  my.refreshes.push(refused("user needed", "interaction_required"));
  const [a, b] = [my.tab(), my.tab()];
  a.start();
  b.start();
  await settle();
  await expect(a.getToken(silently)).rejects.toMatchObject({ reason: "user_needed" });
  await settle();
  return { my, a, b };
}

test("A5: every tab and the next page say that the user is needed, after one request", async () => {
  const { my, a, b } = await needed();
  expect(a.state).toMatchObject(EXPIRED);
  expect(b.state).toMatchObject(EXPIRED);
  const next = my.tab();
  next.start();
  await settle();
  expect(next.state).toMatchObject(EXPIRED);
  expect(await next.getUser()).toBeUndefined();
  for (const tab of [a, b, next])
    await expect(tab.getToken(silently)).rejects.toMatchObject({ reason: "user_needed" });
  expect(my.sends).toBe(1);
});

test("A5: getToken() in a visible tab starts a login, and the login restores every tab", async () => {
  const { my, a, b } = await needed();
  my.page.mayNavigate = true;
  my.navigate = async () => `${REDIRECT_URI}?code=c&state=s`;
  my.server.exchange = async () => loginResponse({ accessToken: "at9", refreshToken: "rt9" });
  expect(await a.getToken()).toBe("at9");
  await settle();
  expect(my.roundTrips).toHaveLength(1);
  expect(a.state).toMatchObject({ status: "authenticated", freshness: "fresh" });
  expect(b.state).toMatchObject({ status: "authenticated", freshness: "fresh" });
  expect(await my.store.get(KEY)).toMatchObject({ refusals: {}, tokens: { refreshToken: "rt9" } });
});

test("A5: a later refresh that succeeds restores the session without a login", async () => {
  const { my, a, b } = await needed();
  await vi.advanceTimersByTimeAsync(600_000);
  my.refreshes.push(responseOf(2));
  expect(await a.getToken(silently)).toBe("at2");
  await settle();
  expect(a.state).toMatchObject({ status: "authenticated", freshness: "fresh" });
  expect(b.state).toMatchObject({ status: "authenticated", freshness: "fresh" });
});

test("A5: a token that is still valid is returned, and the state changes only when it expires", async () => {
  const my = world();
  await remember(my, goodRow(expiredRow()));
  my.refreshes.push(refused("user needed", "interaction_required"));
  const [a, b] = [my.tab(), my.tab()];
  a.start();
  b.start();
  await expect(a.getToken({ ...silently, cache: "reload" })).rejects.toMatchObject({
    reason: "user_needed",
  });
  await settle();
  for (const tab of [a, b]) {
    expect(tab.state).toMatchObject({ status: "authenticated", freshness: "fresh" });
    expect(await tab.getToken()).toBe("at1");
  }
  await vi.advanceTimersByTimeAsync(61_000);
  for (const tab of [a, b]) {
    await expect(tab.getToken(silently)).rejects.toMatchObject({ reason: "user_needed" });
    expect(tab.state).toMatchObject(EXPIRED);
  }
  expect(my.sends).toBe(1);
});

test("A5: a login for a known user shows no account picker", async () => {
  const my = world();
  await remember(my, expiredRow());
  my.refreshes.push(refused("user needed", "login_required"));
  const authorize = vi.fn(async () => "https://id.example/auth");
  my.server.authorize = authorize;
  const chooseUser = vi.fn(() => new Promise<never>(() => {}));
  const prompt = { chooseUser, shouldRemember: async () => true };
  const a = my.tab(undefined, (chain, parts) => new AutoLoginGrant(chain, { ...parts, prompt }));
  my.page.mayNavigate = true;
  a.getToken().catch(() => {});
  await settle();
  await settle();
  expect(chooseUser).not.toHaveBeenCalled();
  expect(authorize).toHaveBeenCalledWith(expect.objectContaining({ loginHint: ADA }), undefined);
});

describe("a target other than the default", () => {
  const resource = "https://api.example";

  test("A5: that needs the user starts a login for this target, and the session stays", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.refreshes.push(refused("user needed", "consent_required"));
    const authorize = vi.fn(async () => "https://id.example/auth");
    my.server.authorize = authorize;
    const auth = my.tab();
    auth.start();
    await expect(auth.getToken({ ...silently, resource })).rejects.toMatchObject({
      code: "no_token",
      cause: { code: "request_token", error: "consent_required" },
    });
    expect(auth.state).toMatchObject({ status: "authenticated" });
    expect(await auth.getToken()).toBe("at1");
    my.page.mayNavigate = true;
    auth.getToken({ resource }).catch(() => {});
    await settle();
    await settle();
    expect(authorize).toHaveBeenCalledWith(expect.objectContaining({ resource }), undefined);
    expect(my.sends).toBe(1);
  });

  test("A5: that is wrong starts no login, and no tab requests it again", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.refreshes.push(refused("wrong request", "invalid_target"));
    my.page.mayNavigate = true;
    const [a, b] = [my.tab(), my.tab()];
    for (const auth of [a, b, a])
      await expect(auth.getToken({ resource })).rejects.toBeInstanceOf(RequestTokenError);
    await expect(a.getToken({ resource, cache: "reload" })).rejects.toBeInstanceOf(
      RequestTokenError,
    );
    expect(my.roundTrips).toHaveLength(0);
    expect(my.sends).toBe(1);
  });
});
