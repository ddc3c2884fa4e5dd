import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AuthorizationError } from "../../../src/core/protocol-errors.ts";
import type { RoundTrip, UserAgent } from "../../../src/core/user-agent.ts";
import { ADA, expiredRow, settle } from "../../refresh/tabs.ts";
import { goodRow, REDIRECT_URI, remember, world, STATE } from "../fixture.ts";

/** Logins that do not navigate the page. */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const RESPONSE = `${REDIRECT_URI}?code=c&state=${STATE}`;

/** A user agent whose response arrives when the test says so. */
function slowAgent(prompt?: "none") {
  let respond: (response: string) => void = () => {};
  const response = new Promise<string>((resolve) => (respond = resolve));
  const close = vi.fn();
  const roundTrip: RoundTrip = {
    redirectUri: REDIRECT_URI,
    navigate: () => response,
    close,
    ...(prompt && { prompt }),
  };
  const userAgent: UserAgent = { open: () => roundTrip };
  return { userAgent, close, response: respond };
}

const refused = () => Promise.reject(new AuthorizationError({ error: "login_required" }, "x"));

describe("getToken() during a login", () => {
  test("waits for the login and starts none", async () => {
    const my = world();
    my.page.mayNavigate = true;
    const auth = my.tab();
    auth.start();
    const { userAgent, response: respond } = slowAgent();
    const login = auth.login({ userAgent });
    const token = auth.getToken();
    await settle();
    expect(my.roundTrips).toHaveLength(0);
    respond(RESPONSE);
    expect(await login).toMatchObject({ sub: ADA });
    expect(await token).toBe("at1");
    expect(my.roundTrips).toHaveLength(0);
  });

  test("starts its own login when the first one is silent and finds no user", async () => {
    const my = world();
    my.page.mayNavigate = true;
    my.server.exchange = refused;
    const auth = my.tab();
    auth.start();
    const { userAgent, response: respond } = slowAgent("none");
    const login = auth.login({ userAgent });
    const token = auth.getToken().catch(() => {});
    await settle();
    respond(RESPONSE);
    await expect(login).rejects.toMatchObject({ error: "login_required" });
    await settle();
    expect(my.roundTrips).toHaveLength(1);
    void token;
  });

  test("rejects with the error of a login that fails, and starts none", async () => {
    const my = world();
    my.page.mayNavigate = true;
    my.server.exchange = refused;
    const auth = my.tab();
    auth.start();
    const { userAgent, response: respond } = slowAgent();
    const login = auth.login({ userAgent });
    const token = auth.getToken();
    respond(RESPONSE);
    await expect(login).rejects.toMatchObject({ code: "authorization" });
    await expect(token).rejects.toMatchObject({
      code: "no_token",
      cause: { code: "authorization" },
    });
    expect(my.roundTrips).toHaveLength(0);
  });

  test("rejects when its signal aborts, and the login continues", async () => {
    const my = world();
    my.page.mayNavigate = true;
    const auth = my.tab();
    auth.start();
    const { userAgent, response: respond } = slowAgent();
    const login = auth.login({ userAgent });
    const leaving = new AbortController();
    const token = auth.getToken({ signal: leaving.signal });
    await settle();
    leaving.abort(new Error("enough"));
    await expect(token).rejects.toThrow("enough");
    respond(RESPONSE);
    expect(await login).toMatchObject({ sub: ADA });
  });
});

test("an aborted login closes its round trip", async () => {
  const my = world();
  const auth = my.tab();
  auth.start();
  const { userAgent, close } = slowAgent();
  const leaving = new AbortController();
  const login = auth.login({ userAgent, signal: leaving.signal });
  await settle();
  leaving.abort(new Error("enough"));
  await expect(login).rejects.toThrow("enough");
  expect(close).toHaveBeenCalledOnce();
  expect(auth.state).toMatchObject({ status: "anonymous" });
});

test("a silent login sends prompt none, also when the app passes another prompt", async () => {
  const my = world();
  my.server.authorize = vi.fn(async () => "https://id.example/auth");
  const auth = my.tab();
  const { userAgent, response: respond } = slowAgent("none");
  respond(RESPONSE);
  await auth.login({ userAgent, prompt: "login" });
  expect(my.server.authorize).toHaveBeenCalledWith(
    expect.objectContaining({ prompt: "none" }),
    undefined,
  );
});

test("a user stays signed in during another login, and after it failed", async () => {
  const my = world();
  await remember(my, goodRow(expiredRow()));
  my.server.exchange = refused;
  const auth = my.tab();
  auth.start();
  await settle();
  const before = auth.state;
  const { userAgent, response: respond } = slowAgent();
  const login = auth.login({ userAgent });
  await settle();
  expect(auth.state).toBe(before);
  respond(RESPONSE);
  await expect(login).rejects.toMatchObject({ code: "authorization" });
  expect(auth.state).toBe(before);
});
