import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NetworkError } from "../../../src/core/errors.ts";
import { sessionKey } from "../../../src/core/keys.ts";
import type { AuthManager } from "../../../src/auth/auth-manager.ts";
import { ADA, CLIENT, expiredRow, KEY, settle } from "../../refresh/tabs.ts";
import { goodRow, remember, world, type World } from "../fixture.ts";

/** Chunks of Latchkey that are no longer on the server, or cannot be loaded now. */
const lost = vi.hoisted(() => ({ serverLogout: false, users: false }));
vi.mock("../../../src/auth/logout/server-logout.ts", (original) => {
  if (lost.serverLogout) throw new TypeError("Failed to fetch dynamically imported module");
  return original();
});
vi.mock("../../../src/auth/users/users.ts", (original) => {
  if (lost.users) throw new TypeError("Failed to fetch dynamically imported module");
  return original();
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  Object.assign(lost, { serverLogout: false, users: false });
});

const END = "https://id.example/end";
const GRACE = sessionKey(CLIENT, "grace");
const NOT_LOADED = { code: "network", retryable: true };

async function signedIn(my: World): Promise<{ auth: AuthManager; revoked: string[] }> {
  await remember(my, goodRow(expiredRow()));
  const revoked: string[] = [];
  my.server.revoke = async (token) => void revoked.push(token);
  my.server.endSession = async () => END;
  const auth = my.tab();
  auth.start();
  await settle();
  return { auth, revoked };
}

/** Stores a session of a second user. */
async function addGrace({ store }: World): Promise<void> {
  const row = goodRow(expiredRow());
  const user = { sub: "grace", claims: { sub: "grace" } };
  const tokens = { ...(await store.open(row.tokens)), user, refreshToken: "rt-grace" };
  await store.update(GRACE, () => ({ ...row, sessionId: "sid-grace", tokens }));
}

// Modules are loaded only once, so the tests with lost chunks come first.
describe("without the chunk that sends a logout to the server", () => {
  test("B5: a logout deletes the session and returns not_told, and a second one reaches the server", async () => {
    lost.serverLogout = true;
    const my = world();
    const { auth, revoked } = await signedIn(my);
    expect(await auth.logout()).toMatchObject({ server: "not_told", error: NOT_LOADED });
    expect(auth.state).toMatchObject({ status: "anonymous" });
    expect(await my.store.get(KEY)).toMatchObject({ tokens: null, renewable: false });
    expect(await auth.logout()).toMatchObject({ server: "not_told", error: NOT_LOADED });
    lost.serverLogout = false;
    expect(await auth.logout()).toEqual({ server: "told" });
    expect(revoked).toEqual(["rt1"]);
    expect(my.page.navigations).toEqual([END]);
  });

  test("B5: forget() and logoutAll() delete the tokens, and reject when users cannot be listed", async () => {
    lost.users = true;
    const my = world();
    await addGrace(my);
    const { auth, revoked } = await signedIn(my);
    await expect(auth.forget("grace")).rejects.toMatchObject(NOT_LOADED);
    expect(await my.store.get(GRACE)).toMatchObject({ tokens: null });
    await expect(auth.logoutAll()).rejects.toMatchObject(NOT_LOADED);
    expect(await my.store.get(KEY)).toMatchObject({ tokens: null });
    expect(auth.state).toMatchObject({ status: "anonymous" });
    expect(revoked).toEqual(["rt-grace", "rt1"]);
    lost.users = false;
    expect(await auth.forget("grace")).toEqual({ server: "told" });
    expect(await my.store.get(GRACE)).toBeUndefined();
  });
});

describe("logoutAll()", () => {
  test("B5: returns told when the logout of every user reached the server, and navigates last", async () => {
    const my = world();
    await addGrace(my);
    const { auth } = await signedIn(my);
    const navigated = vi.spyOn(my.page, "navigate");
    const sent: string[] = [];
    my.server.revoke = async (token) => {
      await new Promise((resolve) => setTimeout(resolve, token === "rt-grace" ? 3_000 : 0));
      expect(navigated).not.toHaveBeenCalled();
      sent.push(token);
    };
    const out = auth.logoutAll();
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await out).toEqual({ server: "told" });
    expect(sent).toEqual(["rt1", "rt-grace"]);
    expect(navigated).toHaveBeenCalledExactlyOnceWith(END);
  });

  test("B5: returns not_told when one revocation hangs, which delays no other", async () => {
    const my = world();
    await addGrace(my);
    const { auth } = await signedIn(my);
    const sent: string[] = [];
    my.server.revoke = (token) =>
      token === "rt-grace" ? new Promise(() => {}) : Promise.resolve(void sent.push(token));
    const out = auth.logoutAll();
    await vi.dynamicImportSettled();
    await settle();
    expect(sent).toEqual(["rt1"]);
    expect(await my.store.get(GRACE)).toMatchObject({ tokens: null });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await out).toMatchObject({ server: "not_told", error: { code: "network" } });
  });
});

describe("forget()", () => {
  test("B5: returns not_told for a session row of a newer Latchkey version", async () => {
    const my = world();
    const { auth } = await signedIn(my);
    await addGrace(my);
    await my.store.update(GRACE, (row) => ({ ...row!, version: 3 as 2 }));
    expect(await auth.forget("grace")).toMatchObject({
      server: "not_told",
      error: { code: "configuration" },
    });
    expect(await my.store.get(GRACE)).toBeUndefined();
  });

  test("B5: of this tab's user revokes and navigates to the end-session endpoint", async () => {
    const my = world();
    const { auth, revoked } = await signedIn(my);
    expect(await auth.forget(ADA)).toEqual({ server: "told" });
    expect(revoked).toEqual(["rt1"]);
    expect(my.page.navigations).toEqual([END]);
    expect(await auth.forget(ADA)).toEqual({ server: "told" });
    expect(my.page.navigations).toEqual([END]);
  });

  test("B5: called again, sends the end-session request that failed before", async () => {
    const my = world();
    const { auth, revoked } = await signedIn(my);
    my.server.endSession = () => Promise.reject(new NetworkError("down"));
    expect(await auth.forget(ADA)).toMatchObject({ server: "not_told" });
    my.server.endSession = async () => END;
    expect(await auth.forget(ADA)).toEqual({ server: "told" });
    expect(revoked).toEqual(["rt1"]);
    expect(my.page.navigations).toEqual([END]);
  });
});
