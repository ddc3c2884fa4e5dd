import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { revokeLock } from "../../src/core/keys.ts";
import { DRAIN_MS, PERMIT_MS, REQUEST_MS } from "../../src/manager/revoke-ended.ts";
import { PASS_MS } from "../../src/manager/pass-revocations.ts";
import { REFRESH_TIMING } from "../../src/refresh/timing.ts";
import { CLIENT, expiredRow, settle } from "../refresh/tabs.ts";
import { goodRow, REDIRECT_URI, remember, world, type World, STATE } from "./fixture.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const RESPONSE = `${REDIRECT_URI}?code=c&state=${STATE}`;

/** A sign-out and then a login, and when each came as far as it can. Milliseconds. */
async function signOutAndIn(my: World): Promise<{ out: number; left: number }> {
  await remember(my, goodRow(expiredRow()));
  const auth = my.tab();
  auth.start();
  await settle();
  const begun = Date.now();
  const at = { out: Infinity, left: Infinity };
  const signOut = auth.signOut({ endSession: "none" });
  await vi.dynamicImportSettled();
  await settle();
  my.go = async () => {
    at.left = Date.now() - begun;
    return RESPONSE;
  };
  void auth.login().catch(() => {});
  void signOut.then(() => (at.out = Date.now() - begun));
  await vi.dynamicImportSettled();
  await settle();
  return at;
}

describe("a sign-out", () => {
  test("waits for the server for 5 s, and a login until the revocation is over", async () => {
    const my = world();
    my.server.revoke = () =>
      new Promise((_, reject) => setTimeout(() => reject(new Error("no answer")), 10_000));
    const at = await signOutAndIn(my);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(at.out).toBe(Infinity);
    await vi.advanceTimersByTimeAsync(1);
    expect(at.out).toBe(5_000);
    await vi.advanceTimersByTimeAsync(5_000 + DRAIN_MS - 1);
    expect(at.left).toBe(Infinity);
    await vi.advanceTimersByTimeAsync(1);
    expect(at.left).toBe(10_000 + DRAIN_MS);
  });

  test("that failed at the server is over at once, and a login waits for its ghost", async () => {
    const my = world();
    my.server.revoke = () => Promise.reject(new Error("down"));
    const at = await signOutAndIn(my);
    expect(at).toEqual({ out: 0, left: Infinity });
    await vi.advanceTimersByTimeAsync(DRAIN_MS);
    expect(at.left).toBe(DRAIN_MS);
  });

  test("that the server answered holds no login up", async () => {
    expect(await signOutAndIn(world())).toEqual({ out: 0, left: 0 });
  });
});

describe("a login", () => {
  /** Somebody else's page holds the lock of revocations and stands still. */
  function held(): World {
    const my = world();
    const never = () => new Promise<never>(() => {});
    void my.locks.request(revokeLock(CLIENT), { mode: "exclusive" }, never);
    return my;
  }

  test("waits as long as a revocation can take, which has the times of a refresh", () => {
    expect(PASS_MS).toBe(PERMIT_MS + REQUEST_MS + DRAIN_MS);
    const { permitMs, requestMs, drainMs } = REFRESH_TIMING;
    expect([PERMIT_MS, REQUEST_MS, DRAIN_MS]).toEqual([permitMs, requestMs, drainMs]);
  });

  test("does not wait for ever for a page that stands still, and leaves the queue", async () => {
    const my = held();
    const request = vi.spyOn(my.locks, "request");
    my.go = async () => RESPONSE;
    const auth = my.tab();
    auth.start();
    let isIn = false;
    const login = auth.login().then(() => (isIn = true));
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(PASS_MS - 1);
    expect(isIn).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await login;
    const [, options] = request.mock.calls.find(([name]) => name === revokeLock(CLIENT))!;
    expect(options.signal?.aborted).toBe(true);
  });

  test("that is left while it waits is over, and asks for nothing", async () => {
    const my = held();
    const go = vi.fn(async () => RESPONSE);
    my.go = go;
    const auth = my.tab();
    auth.start();
    const leave = new AbortController();
    const login = auth.login({ signal: leave.signal });
    await vi.dynamicImportSettled();
    leave.abort(new Error("left"));
    await expect(login).rejects.toThrow("left");
    await vi.advanceTimersByTimeAsync(PASS_MS);
    expect(go).not.toHaveBeenCalled();
  });
});
