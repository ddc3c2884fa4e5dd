import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NoTokenError } from "../../../src/core/errors.ts";
import type { Grant, TokenRequest } from "../../../src/core/grant.ts";
import type { SessionRow } from "../../../src/core/session.ts";
import type { TokenSet } from "../../../src/core/token-set.ts";
import { targetKey } from "../../../src/core/token-target.ts";
import { scriptedGrant } from "../../grants/support.ts";
import { ADA, responseOf, expiredRow, KEY, DEFAULT_KEY } from "../../refresh/tabs.ts";
import { goodRow, loginResponse, remember, world, type World } from "../fixture.ts";

/** The app's own grant returns tokens without a user interaction, and Latchkey stores them. */

const RESOURCE = "https://api.example/";
const AT_RESOURCE = targetKey({ resource: RESOURCE });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** The tokens of a grant that knows no session: `own1`, `own2`, …, valid for an hour. */
function own(nth: number, changes: Partial<TokenSet> = {}): TokenSet {
  const { refreshToken: _, idToken: __, ...response } = loginResponse();
  return {
    ...response,
    accessToken: `own${nth}`,
    expiresAt: Date.now() + 3_600_000,
    scope: ["read"],
    ...changes,
  };
}

/** The app's own grant serves requests with a resource. For all others the session is refreshed. */
function setUp(
  response: (request: TokenRequest, nth: number) => TokenSet | Promise<TokenSet> = (_, nth) =>
    own(nth),
  outer = (chain: Grant, grant: Grant): Grant => ({
    requestToken: (request) =>
      (request.resource === undefined ? chain : grant).requestToken(request),
  }),
) {
  const my = world();
  const grant = scriptedGrant(response);
  const auth = () => my.tab(undefined, (chain) => outer(chain, grant));
  return { my, grant, auth };
}

const tokensOf = async (my: World) => {
  const row = (await my.store.get(KEY))!;
  return my.store.open(row.tokens);
};
const signedIn = (my: World, changes: Partial<SessionRow> = {}) =>
  remember(my, { ...goodRow(expiredRow()), ...changes });

describe("a response for an API", () => {
  test("is stored beside the tokens of the session, for every tab", async () => {
    const { my, grant, auth } = setUp();
    await signedIn(my);
    const [tab, other] = [auth(), auth()];
    expect(await tab.getToken({ resource: RESOURCE })).toBe("own1");
    expect(await tab.getToken({ resource: RESOURCE })).toBe("own1");
    expect(await other.getToken({ resource: RESOURCE, prompt: "none" })).toBe("own1");
    expect(grant.asked).toHaveLength(1);
    expect(grant.asked[0]).toMatchObject({ user: ADA, prompt: "none" });
    expect(await tab.getToken()).toBe("at1");
    expect(await my.store.get(KEY)).toMatchObject({ sessionId: "s1", renewable: true, end: null });
    expect(await tokensOf(my)).toMatchObject({ refreshToken: "rt1" });
    expect(my.sends).toBe(0);
  });

  test("replaces the last token of its target, and no other", async () => {
    const { my, auth } = setUp();
    await signedIn(my);
    const tab = auth();
    const other = { resource: "https://other.example/" };
    await tab.getToken({ resource: RESOURCE });
    await tab.getToken(other);
    expect(await tab.getToken({ resource: RESOURCE, cache: "reload" })).toBe("own3");
    expect((await tokensOf(my)).access).toMatchObject({
      [DEFAULT_KEY]: { token: "at1" },
      [AT_RESOURCE]: { token: "own3" },
      [targetKey(other)]: { token: "own2" },
    });
  });

  test("is refreshed before it expires", async () => {
    const { my, grant, auth } = setUp();
    await signedIn(my);
    const tab = auth();
    await tab.getToken({ resource: RESOURCE });
    await vi.advanceTimersByTimeAsync(3_600_000 - 29_000);
    expect(await tab.getToken({ resource: RESOURCE })).toBe("own1");
    await vi.waitFor(() => expect(grant.asked).toHaveLength(2));
    await vi.waitFor(async () =>
      expect(await tab.getToken({ resource: RESOURCE, prompt: "none" })).toBe("own2"),
    );
  });

  test("with its own refresh token does not replace the refresh token of the session", async () => {
    const { my, auth } = setUp((_, nth) => own(nth, { refreshToken: "of another grant" }));
    await signedIn(my);
    const tab = auth();
    expect(await tab.getToken({ resource: RESOURCE })).toBe("own1");
    expect(await tab.getToken()).toBe("at1");
    expect(await my.store.get(KEY)).toMatchObject({ sessionId: "s1", renewable: true });
    my.refreshes.push(responseOf(2));
    expect(await tab.getToken({ cache: "reload" })).toBe("at2");
    expect(await tab.getToken({ resource: RESOURCE })).toBe("own1");
  });

  test("that a refresh overtakes is stored beside the refreshed tokens", async () => {
    const { my, auth } = setUp(async (_, nth) => {
      my.refreshes.push(responseOf(2));
      await tab.getToken({ cache: "reload" });
      return own(nth);
    });
    await signedIn(my);
    const tab = auth();
    expect(await tab.getToken({ resource: RESOURCE })).toBe("own1");
    expect(await tokensOf(my)).toMatchObject({
      refreshToken: "rt2",
      access: { [DEFAULT_KEY]: { token: "at2" }, [AT_RESOURCE]: { token: "own1" } },
    });
  });

  test("of five concurrent calls is requested once, also when one of them aborts", async () => {
    let give = () => {};
    const { my, grant, auth } = setUp(
      (_, nth) => new Promise((resolve) => (give = () => resolve(own(nth)))),
    );
    await signedIn(my);
    const tab = auth();
    const leave = new AbortController();
    const aborted = tab.getToken({ resource: RESOURCE, signal: leave.signal });
    const calls = Array.from({ length: 4 }, () => tab.getToken({ resource: RESOURCE }));
    await vi.waitFor(() => expect(grant.asked).toHaveLength(1));
    leave.abort(new Error("enough"));
    await expect(aborted).rejects.toThrow("enough");
    give();
    expect(await Promise.all(calls)).toEqual(["own1", "own1", "own1", "own1"]);
    expect(grant.asked).toHaveLength(1);
  });
});

describe("a response for the default token", () => {
  /** The chain consists of the app's grant only. */
  const alone = (_: Grant, grant: Grant) => grant;

  test("without a session is a login without a login page", async () => {
    const { my, grant, auth } = setUp(undefined, alone);
    const tab = auth();
    expect(await tab.getToken({ prompt: "none" })).toBe("own1");
    expect(await tab.getToken()).toBe("own1");
    expect(tab.state).toMatchObject({ status: "authenticated", user: { sub: ADA } });
    expect(grant.asked).toHaveLength(1);
    expect(my.roundTrips).toEqual([]);
  });

  test("of a session without a refresh token continues the session", async () => {
    const { my, auth } = setUp(undefined, alone);
    await signedIn(my, { renewable: false, access: expiredRow().access });
    const tab = auth();
    expect(await tab.getToken()).toBe("own1");
    expect(await my.store.get(KEY)).toMatchObject({ sessionId: "s1", generation: 2 });
    expect(tab.state).toMatchObject({ status: "authenticated", freshness: "fresh" });
  });

  test("that was exchanged for the session's token is refused: the next exchange would send it", async () => {
    const { my, auth } = setUp((_, nth) => own(nth, { issuedTokenType: "x" }), alone);
    await signedIn(my);
    const before = await my.store.get(KEY);
    const tab = auth();
    await expect(tab.getToken({ cache: "reload" })).rejects.toMatchObject({
      code: "configuration",
      input: "grant",
      // test/service/user-tokens.test.ts shows that this provider is safe with several users.
      hint: expect.stringContaining("new TokenExchangeGrant(new AuthGrant(auth), server)"),
    });
    expect(await my.store.get(KEY)).toEqual(before);
    expect(await tab.getToken()).toBe("at1");
  });
});

describe("a response", () => {
  test("for another user is refused, and nothing of it is stored", async () => {
    const { my, auth } = setUp((_, nth) => own(nth, { user: { sub: "grace", claims: {} } }));
    await signedIn(my);
    const before = await my.store.get(KEY);
    const tab = auth();
    await expect(tab.getToken({ resource: RESOURCE })).rejects.toMatchObject({
      code: "id_token",
      claim: "sub",
    });
    expect(await my.store.get(KEY)).toEqual(before);
    expect(await my.users.getActive()).toMatchObject({ sub: ADA });
    expect(await tab.getToken()).toBe("at1");
  });

  test("without a user belongs to the user that the user fetcher returns", async () => {
    const { my, auth } = setUp((_, nth) => {
      const { user: _user, ...nameless } = own(nth);
      return nameless;
    });
    await signedIn(my);
    my.fetchUser = async () => ({ sub: "grace", claims: {} });
    await expect(auth().getToken({ resource: RESOURCE })).rejects.toMatchObject({ claim: "sub" });
    my.fetchUser = async () => ({ sub: ADA, claims: {} });
    expect(await auth().getToken({ resource: RESOURCE })).toBe("own2");
  });

  test.for([{}, { refreshToken: "rt9" }])(
    "%o that arrives after a logout does not undo the logout",
    async (changes) => {
      let give = () => {};
      const { my, grant, auth } = setUp(
        (_, nth) => new Promise((resolve) => (give = () => resolve(own(nth, changes)))),
      );
      await signedIn(my);
      const tab = auth();
      const token = tab.getToken({ resource: RESOURCE });
      await vi.waitFor(() => expect(grant.asked).toHaveLength(1));
      await tab.logout({ endSession: "none" });
      const loggedOut = await my.store.get(KEY);
      give();
      await expect(token).rejects.toBeInstanceOf(NoTokenError);
      expect(await my.store.get(KEY)).toEqual(loggedOut);
      expect(loggedOut).toMatchObject({ end: { reason: "logged_out" }, access: {} });
      await expect(tab.getToken({ prompt: "none" })).rejects.toBeInstanceOf(NoTokenError);
    },
  );
});
