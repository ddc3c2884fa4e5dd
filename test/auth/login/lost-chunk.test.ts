import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NetworkError } from "../../../src/core/errors.ts";
import { expiredRow, settle } from "../../refresh/tabs.ts";
import { goodRow, REDIRECT_URI, remember, world, STATE } from "../fixture.ts";

/** The login chunk is no longer on the server, or the network is down. */
const chunk = vi.hoisted(() => ({ isLost: true }));
vi.mock("../../../src/auth/login/logins.ts", (original) => {
  if (chunk.isLost) throw new TypeError("Failed to fetch dynamically imported module");
  return original();
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a login rejects with a retryable NetworkError, and its window is closed", async () => {
  const my = world();
  const auth = my.tab();
  auth.start();
  await expect(auth.login()).rejects.toMatchObject({ code: "network", retryable: true });
  expect(my.roundTrips).toMatchObject([{ closed: true }]);
  expect(auth.state).toMatchObject({ status: "anonymous", error: { code: "network" } });
});

test("a valid session stays usable", async () => {
  const my = world();
  await remember(my, goodRow(expiredRow()));
  const auth = my.tab();
  auth.start();
  await expect(auth.login()).rejects.toBeInstanceOf(NetworkError);
  expect(auth.state.status).toBe("authenticated");
  expect(await auth.getToken()).toBe("at1");
});

test("a response stays in the address bar and is handled once the chunk can be loaded", async () => {
  const my = world();
  const response = `${REDIRECT_URI}?code=c&state=${STATE}`;
  my.page.url = response;
  my.page.mayNavigate = true;
  const auth = my.tab();
  auth.start();
  await settle();
  expect(my.page.url).toBe(response);
  expect(auth.state).toMatchObject({ status: "anonymous", error: { code: "network" } });
  await expect(auth.getToken()).rejects.toMatchObject({ code: "network" });
  chunk.isLost = false;
  expect(await auth.getToken()).toBe("at1");
  expect(my.page.url).toBe(REDIRECT_URI);
});
