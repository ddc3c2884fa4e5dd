import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readClaims } from "../../../src/auth/users/read-claims.ts";
import type { StandardSchema } from "../../../src/core/standard-schema.ts";
import { ADA, KEY, expiredRow, responseOf } from "../../refresh/tabs.ts";
import { goodRow, loginResponse, remember, world, type World } from "../fixture.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Requires a role, and returns it in capitals. */
const ROLES: StandardSchema<{ role: string }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: async (value) => {
      const { role } = value as { role?: unknown };
      return typeof role === "string"
        ? { value: { role: role.toUpperCase() } }
        : { issues: [{ message: "SECRET", path: ["role"] }] };
    },
  },
};

function withSchema(role?: string): World {
  const my = world();
  my.readUser = (user) => readClaims(user, ROLES);
  my.navigate = async () => "https://app.example/callback?code=c";
  const claims = { sub: ADA, ...(role !== undefined && { role }) };
  my.server.exchange = async () => loginResponse({ user: { sub: ADA, claims } });
  return my;
}

async function opened(my: World) {
  const auth = my.tab();
  auth.start();
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(100);
  return auth;
}

test("a user has the claims that the schema returns, in every way to read the user", async () => {
  const my = withSchema("admin");
  const auth = await opened(my);
  expect((await auth.login()).claims).toEqual({ role: "ADMIN" });
  expect(auth.state).toMatchObject({ user: { sub: ADA, claims: { role: "ADMIN" } } });
  expect((await auth.getUser())?.claims).toEqual({ role: "ADMIN" });
  const again = await opened(my);
  expect(again.state).toMatchObject({ user: { claims: { role: "ADMIN" } } });
  // The store has the claims of the server.
  expect(JSON.stringify((await my.store.get(KEY))?.tokens)).toContain('"role":"admin"');
});

test("claims that the schema refuses are a typed error, and the session is kept", async () => {
  const my = withSchema();
  const auth = await opened(my);
  const error = await auth.login().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "user_fetch" });
  expect(String(error)).toContain("role");
  expect(String(error)).not.toContain("SECRET");
  expect(auth.state).toMatchObject({ status: "anonymous", error: { code: "user_fetch" } });
  expect((await my.store.get(KEY))?.end).toBeNull();
  expect(await auth.getToken({ prompt: "none" })).toBe("at1");
  // A corrected schema finds the session.
  my.readUser = undefined;
  expect((await opened(my)).state).toMatchObject({ status: "authenticated", user: { sub: ADA } });
});

test("claims that JSON does not know do not break the state", async () => {
  const my = withSchema("admin");
  const odd = { big: 7n, set: new Set(["a"]) };
  my.readUser = async (user) => ({ ...user, claims: odd });
  const auth = await opened(my);
  await auth.login();
  expect(auth.state).toMatchObject({ status: "authenticated", user: { claims: odd } });
});

test("the claims of a refresh are read by the schema, too", async () => {
  const my = withSchema("admin");
  const auth = await opened(my);
  await auth.login();
  my.refreshes.push(responseOf(2));
  await auth.getToken({ cache: "reload" });
  await vi.advanceTimersByTimeAsync(100);
  expect(auth.state).toMatchObject({
    reason: "refreshed",
    user: { claims: { role: "ADMIN" } },
  });
});

test("without a schema, the claims are those of the server", async () => {
  const my = world();
  await remember(my, goodRow(expiredRow()));
  expect((await (await opened(my)).getUser())?.claims).toMatchObject({ sub: ADA });
});
