import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AuthorizationError, IdTokenError } from "../../../src/core/protocol-errors.ts";
import { NetworkError } from "../../../src/core/errors.ts";
import { ofLogin } from "../../../src/core/auth-error.ts";
import { AuthorizationCodeGrant } from "../../../src/grants/authorization-code-grant.ts";
import type { Grant } from "../../../src/core/grant.ts";
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

const RESPONSE = `${REDIRECT_URI}?code=c&state=${STATE}`;

async function settle(): Promise<void> {
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(200);
}

interface Options {
  readonly marks?: MemoryLoginMarks;
  readonly grant?: Grant;
  readonly onReturn?: (path: string) => void;
}

/** Opens the page `url`, which starts an `Auth`. */
async function open(my: World, url: string, { marks, grant, onReturn }: Options = {}) {
  my.page.url = url;
  const auth = my.tab(grant, undefined, marks, onReturn);
  auth.start();
  await settle();
  return auth;
}

/** A world whose login began on this page. */
function begunOn(returnTo: string | undefined): World {
  const my = world();
  const place = returnTo === undefined ? {} : { returnTo };
  my.server.exchange = async () => loginResponse(place);
  return my;
}

describe("after a login, the page of the redirect URI", () => {
  test("is replaced by the page on which the login began", async () => {
    const my = begunOn("https://app.example/orders?page=2#total");
    await open(my, RESPONSE);
    expect(my.page.replacements).toEqual(["https://app.example/orders?page=2#total"]);
    expect(my.page.navigations).toEqual([]);
    expect((await my.users.getActive()).row).toMatchObject({ generation: 1 });
  });

  test.each([
    ["it is the same page", REDIRECT_URI],
    ["the login has no page", undefined],
  ])("stays if %s", async (_, returnTo) => {
    const my = begunOn(returnTo);
    const auth = await open(my, RESPONSE);
    expect(my.page.replacements).toEqual([]);
    expect(auth.state).toMatchObject({ status: "authenticated", reason: "login" });
  });

  test("stays if the app has called handleCallback(), which returns a relative path", async () => {
    const my = begunOn("https://app.example/orders?page=2#total");
    my.page.url = RESPONSE;
    const auth = my.tab();
    auth.start();
    expect(await auth.handleCallback()).toMatchObject({ returnTo: "/orders?page=2#total" });
    await settle();
    expect(my.page.replacements).toEqual([]);
  });

  test("stays if the app's router has changed the URL meanwhile", async () => {
    const my = begunOn("/orders");
    my.server.exchange = async () => {
      my.page.url = "https://app.example/elsewhere";
      return loginResponse({ returnTo: "/orders" });
    };
    await open(my, RESPONSE);
    expect(my.page.replacements).toEqual([]);
  });

  test.each([
    ["adds a fragment", `${RESPONSE}#/`, `${REDIRECT_URI}#/`],
    ["adds a parameter", `${RESPONSE}&tab=1`, `${REDIRECT_URI}?tab=1`],
    ["changes the path", RESPONSE.replace("/callback", "/"), "https://app.example/"],
  ])(
    "C3: the response is removed if a router first %s, and the page is replaced",
    async (_, changed, cleaned) => {
      const my = begunOn("/orders");
      my.page.url = RESPONSE;
      const auth = my.tab();
      auth.start();
      my.page.url = changed;
      await settle();
      await settle();
      expect(my.page.url).toBe(cleaned);
      expect(my.page.replacements).toEqual(["https://app.example/orders"]);
      expect(auth.state).toMatchObject({ status: "authenticated" });
    },
  );

  test("stays if the response could not be handled yet, and is replaced after the next try", async () => {
    const my = begunOn("/orders");
    const { exchange } = my.server;
    my.server.exchange = () => Promise.reject(new NetworkError("offline"));
    my.page.mayNavigate = true;
    const auth = await open(my, RESPONSE);
    expect(my.page.replacements).toEqual([]);
    my.server.exchange = exchange;
    expect(await auth.getToken()).toBe("at1");
    await settle();
    expect(my.page.replacements).toEqual(["https://app.example/orders"]);
  });

  test("never shows a page of another origin", async () => {
    const my = begunOn("https://evil.example/orders");
    await open(my, RESPONSE);
    expect(my.page.replacements).toEqual(["https://app.example/orders"]);
  });
});

describe("onReturn()", () => {
  test("gets a relative path, and the page stays", async () => {
    const my = begunOn("https://app.example/orders?page=2#total");
    const onReturn = vi.fn();
    await open(my, RESPONSE, { onReturn });
    expect(onReturn.mock.calls).toEqual([["/orders?page=2#total"]]);
    expect(my.page.replacements).toEqual([]);
  });

  test("that throws is an uncaught ConfigurationError, and the session is kept", async () => {
    const uncaught: unknown[] = [];
    const before = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => uncaught.push(error));
    try {
      const my = begunOn("/orders");
      const onReturn = () => {
        throw new Error("no route");
      };
      const auth = await open(my, RESPONSE, { onReturn });
      await vi.waitFor(() => expect(uncaught).toHaveLength(1));
      expect(uncaught[0]).toMatchObject({ code: "configuration", input: "onReturn" });
      expect(String(uncaught[0])).toContain("no route");
      expect(await auth.getToken()).toBe("at1");
    } finally {
      process.removeAllListeners("uncaughtException");
      for (const listener of before) process.on("uncaughtException", listener);
    }
  });
});

describe("after a refused login", () => {
  const refusals = [
    new AuthorizationError(
      { error: "access_denied", errorDescription: "not today", errorUri: undefined },
      "Start a new login.",
    ),
    new IdTokenError("nonce", "it differs", { hint: "Start a new login." }),
  ];

  test.each(refusals)("the page is replaced, and the state there has the %o", async (error) => {
    const my = world();
    const marks = new MemoryLoginMarks();
    my.server.exchange = () => Promise.reject(ofLogin(error, { returnTo: "/orders" }));
    await open(my, `${REDIRECT_URI}?error=access_denied&state=${STATE}`, { marks });
    expect(my.page.replacements).toEqual(["https://app.example/orders"]);
    const auth = await open(my, "https://app.example/orders", { marks });
    const { state } = auth;
    expect(state).toMatchObject({ status: "anonymous", reason: "login_failed" });
    const shown = "error" in state ? state.error : undefined;
    expect(shown).toBeInstanceOf(error.constructor);
    expect(shown).toMatchObject({ code: error.code, hint: error.hint, message: error.message });
    // The error is shown once.
    const again = await open(my, "https://app.example/orders", { marks });
    expect(again.state).toMatchObject({ status: "anonymous", reason: "none" });
  });

  test.each([true, false])(
    "C11: the page on which the login began knows that the error is retryable: %s",
    async (retryable) => {
      const my = world();
      const marks = new MemoryLoginMarks();
      const facts = { error: retryable ? "temporarily_unavailable" : "access_denied" };
      const error = new AuthorizationError(facts, "Start a new login.", retryable);
      my.server.exchange = () => Promise.reject(ofLogin(error, { returnTo: "/orders" }));
      const response = `${REDIRECT_URI}?error=${facts.error}&state=${STATE}`;
      const first = await open(my, response, { marks });
      await expect(first.handleCallback(response)).rejects.toBe(error);
      const { state } = await open(my, "https://app.example/orders", { marks });
      expect(state).toMatchObject({ reason: "login_failed", error: { ...facts, retryable } });
    },
  );

  test("a damaged record of the error is ignored", async () => {
    const my = world();
    const marks = new MemoryLoginMarks();
    const at = Date.now();
    for (const error of [
      7,
      {},
      { code: "toString", message: "x", hint: "y" },
      { code: "network" },
    ]) {
      const mark = { outcome: "arriving", at, target: '["","",""]', error } as never;
      marks.write([mark]);
      const auth = await open(my, "https://app.example/orders", { marks });
      expect(auth.state).toMatchObject({ status: "anonymous", reason: "none" });
    }
  });
});

describe("the grant's afterLogin()", () => {
  const watching = (my: World) => {
    const afterLogin = vi.fn();
    const inner = new AuthorizationCodeGrant(my.server);
    const grant: Grant = { requestToken: (request) => inner.requestToken(request), afterLogin };
    return { grant, afterLogin };
  };

  test("is called on the page on which the user ends up, once", async () => {
    const my = begunOn("/orders");
    const marks = new MemoryLoginMarks();
    const { grant, afterLogin } = watching(my);
    const outer = (chain: Grant): Grant => ({
      requestToken: (request) => chain.requestToken(request),
      afterLogin,
    });
    const openPage = async (url: string) => {
      my.page.url = url;
      const auth = my.tab(grant, outer, marks);
      auth.start();
      await settle();
    };
    await openPage(RESPONSE);
    expect(my.page.replacements).toHaveLength(1);
    expect(afterLogin).not.toHaveBeenCalled();
    await openPage("https://app.example/orders");
    expect(afterLogin.mock.calls).toMatchObject([[{ sub: ADA }]]);
    await openPage("https://app.example/orders");
    expect(afterLogin).toHaveBeenCalledTimes(1);
  });
});

test("login() begins on the current page unless the app says otherwise", async () => {
  const my = world();
  const asked: unknown[] = [];
  my.server.authorize = async (request) => {
    asked.push(request.returnTo);
    return "https://id.example/auth";
  };
  const auth = await open(my, "https://app.example/orders?page=2");
  void auth.login().catch(() => {});
  await settle();
  void auth.login({ returnTo: "/other" }).catch(() => {});
  await settle();
  expect(asked).toEqual(["https://app.example/orders?page=2", "/other"]);
});

test("handleCallback() returns undefined if the URL has no response of this client", async () => {
  const my = world();
  await remember(my, goodRow(expiredRow()));
  const auth = await open(my, "https://app.example/?state=CA&code=94103");
  expect(await auth.handleCallback()).toBeUndefined();
  expect(await auth.handleCallback("/orders")).toBeUndefined();
  await expect(auth.handleCallback("https://")).rejects.toMatchObject({ parameter: "url" });
});

describe("a page whose path begins with two slashes", () => {
  test.each([
    "https://app.example//evil.com/x",
    "/.//evil.com/x",
    "https://app.example//evil.com//evil.com/x",
    "https://app.example//",
  ])("%s never leads to another host, after a login and after a refused one", async (returnTo) => {
    for (const fails of [false, true]) {
      const my = world();
      const error = new AuthorizationError({ error: "access_denied" }, "x");
      my.server.exchange = async () => {
        if (fails) throw ofLogin(error, { returnTo });
        return loginResponse({ returnTo });
      };
      const onReturn = vi.fn();
      await open(my, RESPONSE);
      await open(my, RESPONSE, { onReturn });
      const paths = onReturn.mock.calls.map(([path]) => String(path));
      for (const url of [...my.page.replacements, ...paths])
        expect(new URL(url, my.page.url).origin).toBe("https://app.example");
      expect(my.page.replacements).toHaveLength(1);
    }
  });
});

test("if only the fragment differs, the page stays, and the login is complete there", async () => {
  const my = begunOn(`${REDIRECT_URI}#/orders`);
  const marks = new MemoryLoginMarks();
  const auth = await open(my, RESPONSE, { marks });
  expect(my.page.replacements).toEqual([`${REDIRECT_URI}#/orders`]);
  expect(auth.state).toMatchObject({ status: "authenticated" });
  expect(marks.read()).toEqual([]);
});

test("a token that is given while the page is replaced does not lose the error of a refused login", async () => {
  const my = world();
  await remember(my, goodRow(expiredRow()));
  const marks = new MemoryLoginMarks();
  const error = new AuthorizationError({ error: "access_denied" }, "x");
  my.server.exchange = () => Promise.reject(ofLogin(error, { returnTo: "/orders" }));
  my.page.url = RESPONSE;
  const auth = my.tab(undefined, undefined, marks);
  auth.start();
  expect(await auth.getToken({ prompt: "none" })).toBe("at1");
  await settle();
  expect(marks.read().map((mark) => mark?.outcome)).toContain("arriving");
});
