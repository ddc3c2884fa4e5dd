import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NetworkError } from "../../../src/core/errors.ts";
import { sessionKey } from "../../../src/core/keys.ts";
import type { AuthManager } from "../../../src/auth/auth-manager.ts";
import { ADA, CLIENT, expiredRow, KEY, settle } from "../../refresh/tabs.ts";
import { goodRow, remember, world, type World } from "../fixture.ts";

/** Parts of Latchkey that are not on the server any more, or cannot be loaded now. */
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

/** Another user of this device. */
async function addGrace({ store }: World): Promise<void> {
  const row = goodRow(expiredRow());
  const user = { sub: "grace", claims: { sub: "grace" } };
  const tokens = { ...(await store.open(row.tokens)), user, refreshToken: "rt-grace" };
  await store.update(GRACE, () => ({ ...row, sessionId: "sid-grace", tokens }));
}

// Modules are loaded once, so what is lost comes first.
describe("without the code that tells the server", () => {
  test("B5: a logout deletes the session, says that the server was not told, and a second one tells it", async () => {
    lost.serverLogout = true;
    const my = world();
    const { auth, revoked } = await signedIn(my);
    expect(await auth.logout()).toMatchObject({ server: "not_told", error: NOT_LOADED });
    expect(auth.state).toEqual({ status: "anonymous" });
    expect(await my.store.get(KEY)).toMatchObject({ tokens: null, renewable: false });
    expect(await auth.logout()).toMatchObject({ server: "not_told", error: NOT_LOADED });
    lost.serverLogout = false;
    expect(await auth.logout()).toEqual({ server: "told" });
    expect(revoked).toEqual(["rt1"]);
    expect(my.page.navigations).toEqual([END]);
  });

  test("B5: forget() and signOutEverywhere() delete the tokens, and reject when users cannot be listed", async () => {
    lost.users = true;
    const my = world();
    await addGrace(my);
    const { auth, revoked } = await signedIn(my);
    await expect(auth.forget("grace")).rejects.toMatchObject(NOT_LOADED);
    expect(await my.store.get(GRACE)).toMatchObject({ tokens: null });
    await expect(auth.logoutAll()).rejects.toMatchObject(NOT_LOADED);
    expect(await my.store.get(KEY)).toMatchObject({ tokens: null });
    expect(auth.state).toEqual({ status: "anonymous" });
    expect(revoked).toEqual(["rt-grace", "rt1"]);
    lost.users = false;
    expect(await auth.forget("grace")).toEqual({ server: "told" });
    expect(await my.store.get(GRACE)).toBeUndefined();
  });
});

describe("signOutEverywhere()", () => {
  test("B5: is told when the server was told of every user, and the page leaves last", async () => {
    const my = world();
    await addGrace(my);
    const { auth } = await signedIn(my);
    const navigated = vi.spyOn(my.page, "navigate");
    const told: string[] = [];
    my.server.revoke = async (token) => {
      await new Promise((resolve) => setTimeout(resolve, token === "rt-grace" ? 3_000 : 0));
      expect(navigated).not.toHaveBeenCalled();
      told.push(token);
    };
    const out = auth.logoutAll();
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await out).toEqual({ server: "told" });
    expect(told).toEqual(["rt1", "rt-grace"]);
    expect(navigated).toHaveBeenCalledExactlyOnceWith(END);
  });

  test("B5: is not told when one of them is missing; a revocation that hangs holds up no other", async () => {
    const my = world();
    await addGrace(my);
    const { auth } = await signedIn(my);
    const told: string[] = [];
    my.server.revoke = (token) =>
      token === "rt-grace" ? new Promise(() => {}) : Promise.resolve(void told.push(token));
    const out = auth.logoutAll();
    await vi.dynamicImportSettled();
    await settle();
    expect(told).toEqual(["rt1"]);
    expect(await my.store.get(GRACE)).toMatchObject({ tokens: null });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await out).toMatchObject({ server: "not_told", error: { code: "network" } });
  });
});

describe("forget()", () => {
  test("B5: says that the server was not told of a session that a newer Latchkey stored", async () => {
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

  test("B5: of this tab's user revokes and leaves the page", async () => {
    const my = world();
    const { auth, revoked } = await signedIn(my);
    expect(await auth.forget(ADA)).toEqual({ server: "told" });
    expect(revoked).toEqual(["rt1"]);
    expect(my.page.navigations).toEqual([END]);
    expect(await auth.forget(ADA)).toEqual({ server: "told" });
    expect(my.page.navigations).toEqual([END]);
  });

  test("B5: called again, ends the session that the server was not told of", async () => {
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
