import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AuthorizationError } from "../../../src/core/protocol-errors.ts";
import { ofLogin } from "../../../src/core/auth-error.ts";
import type { UserAgent } from "../../../src/core/user-agent.ts";
import { ADA, expiredRow } from "../../refresh/tabs.ts";
import { MemoryLoginMarks } from "../../support/memory-login-marks.ts";
import {
  goodRow,
  loginResponse,
  remember,
  REDIRECT_URI,
  STATE,
  world,
  type World,
} from "../fixture.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const HERE = "https://app.example/orders?page=2";
const loginRequired = () =>
  new AuthorizationError({ error: "login_required", errorDescription: undefined }, "Log in.");

async function settle(): Promise<void> {
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(300);
}

/** A hidden frame that counts its visits. `navigate` is what happens in it. */
function frameOf(navigate: () => Promise<string>): UserAgent & { readonly visits: number } {
  const frame = {
    visits: 0,
    open: () => ({
      redirectUri: REDIRECT_URI,
      prompt: "none" as const,
      navigate: () => {
        frame.visits++;
        return navigate();
      },
      close: () => {},
    }),
  };
  return frame;
}

async function opened(my: World, url = HERE, marks?: MemoryLoginMarks) {
  my.page.url = url;
  my.page.mayNavigate = true;
  const auth = my.tab(undefined, undefined, marks);
  const statuses: string[] = [];
  auth.subscribe(() => statuses.push(auth.state.status));
  auth.start();
  await settle();
  return { auth, statuses };
}

describe("silentSignOn in a hidden frame", () => {
  test("signs a user in who is signed in at the server", async () => {
    const my = world();
    const frame = frameOf(async () => `${REDIRECT_URI}?code=c`);
    my.silentSignOn = frame;
    const { auth, statuses } = await opened(my);
    expect(auth.state).toMatchObject({ status: "authenticated", reason: "login" });
    expect(statuses).toEqual(["anonymous", "authenticated"]);
    expect(await auth.getToken()).toBe("at1");
    expect(frame.visits).toBe(1);
  });

  test("leaves everybody else anonymous, without an error or another state", async () => {
    const my = world();
    my.silentSignOn = frameOf(() => Promise.reject(loginRequired()));
    const { auth, statuses } = await opened(my);
    expect(auth.state).toMatchObject({ status: "anonymous", reason: "none" });
    expect(auth.state).not.toHaveProperty("error");
    expect(statuses).toEqual(["anonymous"]);
    // The visit in the frame does not stand in the way of a login.
    auth.getToken().catch(() => {});
    await settle();
    expect(my.roundTrips).toHaveLength(1);
  });

  test.each(["logged out", "been forgotten"])("does not sign a user in who has %s", async (how) => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const { auth } = await opened(my);
    await (how === "logged out" ? auth.logout({ endSession: "none" }) : auth.forget(ADA));
    const frame = frameOf(async () => `${REDIRECT_URI}?code=c`);
    my.silentSignOn = frame;
    const again = await opened(my);
    if (how === "logged out") expect(frame.visits).toBe(0);
    expect(again.auth.state.status).toBe("anonymous");
  });

  test("is not asked for a user who is signed in here", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const frame = frameOf(() => Promise.reject(loginRequired()));
    my.silentSignOn = frame;
    await opened(my);
    expect(frame.visits).toBe(0);
  });
});

describe("a session without a refresh token", () => {
  const withoutRefreshToken = () => {
    const { refreshToken: _, ...tokens } = loginResponse({ expiresAt: Date.now() + 60_000 });
    return tokens;
  };

  test("is renewed in the frame, once for three tabs", async () => {
    const my = world();
    await remember(my, { ...expiredRow(), renewable: false });
    const frame = frameOf(async () => `${REDIRECT_URI}?code=c`);
    my.silentSignOn = frame;
    my.server.exchange = async () => withoutRefreshToken();
    const tabs = [await opened(my), await opened(my), await opened(my)];
    const tokens = await Promise.all(tabs.map(({ auth }) => auth.getToken({ prompt: "none" })));
    await settle();
    expect(tokens).toEqual(["at1", "at1", "at1"]);
    expect(frame.visits).toBe(1);
    for (const { auth } of tabs) expect(auth.state).toMatchObject({ status: "authenticated" });
    expect(my.sends).toBe(0);
  });

  test("never becomes the session of another user of the server", async () => {
    const my = world();
    await remember(my, { ...expiredRow(), renewable: false });
    my.silentSignOn = frameOf(async () => `${REDIRECT_URI}?code=c`);
    my.server.exchange = async () =>
      loginResponse({ accessToken: "at-bob", user: { sub: "bob", claims: { sub: "bob" } } });
    const { auth } = await opened(my);
    for (let i = 0; i < 2; i++) {
      await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({
        reason: "not_renewable",
      });
    }
    expect(auth.state).toMatchObject({ status: "expired", user: { sub: ADA } });
    expect((await my.users.getActive()).sub).toBe(ADA);
  });

  test("is renewed once for ten calls, and a failure is not repeated at once", async () => {
    const my = world();
    await remember(my, { ...expiredRow(), renewable: false });
    const frame = frameOf(() => Promise.reject(loginRequired()));
    my.silentSignOn = frame;
    const { auth } = await opened(my);
    const calls = Array.from({ length: 10 }, () =>
      auth.getToken({ prompt: "none" }).catch((error: unknown) => error),
    );
    expect(await Promise.all(calls)).toHaveLength(10);
    await auth.getToken({ prompt: "none" }).catch(() => {});
    expect(frame.visits).toBe(1);
    await vi.advanceTimersByTimeAsync(60_000);
    await auth.getToken({ prompt: "none" }).catch(() => {});
    expect(frame.visits).toBe(2);
  });

  test("is stale and not expired while the frame renews it", async () => {
    const my = world();
    await remember(my, { ...expiredRow(), renewable: false });
    my.silentSignOn = frameOf(async () => `${REDIRECT_URI}?code=c`);
    my.server.exchange = async () => withoutRefreshToken();
    const { auth, statuses } = await opened(my);
    await auth.getToken({ prompt: "none" });
    await settle();
    expect(statuses).not.toContain("expired");
  });

  test("needs its user when the frame finds no session at the server", async () => {
    const my = world();
    await remember(my, { ...expiredRow(), renewable: false });
    my.silentSignOn = frameOf(() => Promise.reject(loginRequired()));
    const { auth } = await opened(my);
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({
      reason: "not_renewable",
    });
    expect(auth.state).toMatchObject({ status: "expired", reason: "not_renewable" });
  });
});

describe('silentSignOn: "page"', () => {
  test("visits the server once in each tab, with prompt none, and starts on this page", async () => {
    const my = world();
    my.silentSignOn = "page";
    const asked: unknown[] = [];
    my.server.authorize = async ({ prompt, returnTo }) => {
      asked.push([prompt, returnTo]);
      return "https://id.example/auth";
    };
    const marks = new MemoryLoginMarks();
    await opened(my, HERE, marks);
    expect(asked).toEqual([["none", HERE]]);
    expect(my.roundTrips).toHaveLength(1);
    await opened(my, HERE, marks);
    expect(my.roundTrips).toHaveLength(1);
  });

  test("comes back without an error when nobody is signed in at the server", async () => {
    const my = world();
    my.silentSignOn = "page";
    const marks = new MemoryLoginMarks();
    await opened(my, HERE, marks);
    my.server.exchange = () =>
      Promise.reject(ofLogin(loginRequired(), { returnTo: HERE, prompt: "none" }));
    await opened(my, `${REDIRECT_URI}?error=login_required&state=${STATE}`, marks);
    expect(my.page.replacements).toEqual([HERE]);
    const { auth, statuses } = await opened(my, HERE, marks);
    expect(statuses).toEqual(["anonymous"]);
    expect(auth.state).toMatchObject({ status: "anonymous", reason: "none" });
    expect(auth.state).not.toHaveProperty("error");
    expect(my.roundTrips).toHaveLength(1);
    // An automatic login is still possible.
    auth.getToken().catch(() => {});
    await settle();
    expect(my.roundTrips).toHaveLength(2);
  });

  test("stays on the page when the page may not navigate", async () => {
    const my = world();
    my.silentSignOn = "page";
    const auth = my.tab();
    auth.start();
    await settle();
    expect(my.roundTrips).toHaveLength(0);
    expect(auth.state).toMatchObject({ status: "anonymous", reason: "none" });
  });
});
