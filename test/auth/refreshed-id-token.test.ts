import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NetworkError } from "../../src/core/errors.ts";
import type { SessionRow, TokenRecord } from "../../src/core/session.ts";
import { responseOf, expiredRow, KEY, settle } from "../refresh/tabs.ts";
import { goodRow, remember, world, type World } from "./fixture.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const SIGNATURE = { code: "refresh_token", reason: "id_token", claim: "signature" };

/** A session whose ID token was never validated, because its tab was closed. */
function pendingRow(): SessionRow {
  const row = goodRow(expiredRow());
  const tokens = { ...(row.tokens as TokenRecord), idToken: "id1", idTokenVerified: false };
  return { ...row, signature: "pending", tokens };
}

function opened(my: World) {
  const auth = my.tab();
  auth.start();
  return auth;
}

test("B1: a wrong claim is named in the error and in the state, in every tab and after a reload", async () => {
  const my = world();
  await remember(my, expiredRow());
  my.refreshes.push({ type: "invalid_id_token", claim: "aud", refreshToken: "rt2" });
  const [one, two] = [opened(my), opened(my)];
  const error = { code: "refresh_token", reason: "id_token", claim: "aud" };
  await expect(one.getToken({ prompt: "none" })).rejects.toMatchObject(error);
  await settle();
  for (const auth of [one, two, opened(my)]) {
    await auth.getUser();
    expect(auth.state).toMatchObject({ status: "expired", reason: "id_token", error });
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject(error);
  }
  expect(my.sends).toBe(1);
});

test("B3: a changed auth_time is named in the state", async () => {
  const my = world();
  await remember(my, expiredRow());
  my.refreshes.push({ type: "invalid_id_token", claim: "auth_time", refreshToken: undefined });
  const auth = opened(my);
  await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({ claim: "auth_time" });
  await settle();
  expect(auth.state).toMatchObject({ error: { reason: "id_token", claim: "auth_time" } });
});

test("B1: a page with keys returns no token of a stored session whose pending signature is invalid", async () => {
  const my = world();
  await remember(my, pendingRow());
  my.atHand = async () => ({ type: "invalid", claim: "signature" });
  const auth = opened(my);
  const states: string[] = [];
  auth.subscribe(() => states.push(auth.state.status));
  await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject(SIGNATURE);
  await settle();
  expect(states).toEqual(["expired"]);
  expect(auth.state).toMatchObject({ error: SIGNATURE });
});

test("B1: a page without keys returns the token, and validates the signature in the background", async () => {
  const my = world();
  await remember(my, pendingRow());
  my.validation = async () => ({ type: "invalid", claim: "signature" });
  const auth = opened(my);
  expect(await auth.getToken({ prompt: "none" })).toBe("at1");
  await vi.advanceTimersByTimeAsync(4_000);
  expect(auth.state).toMatchObject({ status: "expired", error: SIGNATURE });
  await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject(SIGNATURE);
});

test("B1: a tab with keys validates a token of a tab without keys before it returns the token", async () => {
  const my = world();
  await remember(my, expiredRow());
  const [one, two] = [opened(my), opened(my)];
  await Promise.all([one.getUser(), two.getUser()]);
  let asked = 0;
  my.atHand = async () =>
    ++asked === 1 ? { type: "unknown" } : { type: "invalid", claim: "signature" };
  my.refreshes.push(responseOf(2, { idToken: "forged" }));
  expect(await one.getToken({ prompt: "none" })).toBe("at2");
  await expect(two.getToken({ prompt: "none" })).rejects.toMatchObject(SIGNATURE);
  await settle();
  expect(one.state).toMatchObject({ status: "expired", error: SIGNATURE });
});

test("a token with a pending signature is returned when the protocol chunk cannot be loaded", async () => {
  const my = world();
  await remember(my, pendingRow());
  my.atHand = () => Promise.reject(new NetworkError("a part of Latchkey could not be loaded"));
  expect(await opened(my).getToken({ prompt: "none" })).toBe("at1");
});

test("a login removes the pending signature from the row", async () => {
  const my = world();
  await remember(my, pendingRow());
  const auth = opened(my);
  my.navigate = async () => "https://app.example/callback?code=c&state=s";
  await auth.login();
  expect(await my.store.get(KEY)).not.toHaveProperty("signature");
});

test("a logout removes the pending signature from the row", async () => {
  const my = world();
  await remember(my, pendingRow());
  const auth = opened(my);
  await auth.getUser();
  await auth.logout();
  expect(await my.store.get(KEY)).toMatchObject({ end: { reason: "logged_out" } });
  expect(await my.store.get(KEY)).not.toHaveProperty("signature");
});
