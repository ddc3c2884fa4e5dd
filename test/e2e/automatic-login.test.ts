import type { Browser, BrowserContext } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { launchBrowser } from "../support/browser.ts";
import {
  redirectTo,
  startHostileProvider,
  type Behaviour,
  type HostileProvider,
  type ProviderRequest,
} from "../support/hostile-provider.ts";
import { openLoadingPage, type LoadingPageOptions } from "../support/loading-page.ts";
import { until } from "../support/until.ts";

/** Pages that request a token by themselves, at a server that returns no usable token. */

let site: BareSite;
let browser: Browser;
let provider: HostileProvider;
let context: BrowserContext;

beforeAll(async () => {
  [site, browser] = await Promise.all([
    startBareSite(),
    launchBrowser({ args: ["--disable-features=BackForwardCache"] }),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});
beforeEach(async () => {
  provider = await startHostileProvider();
  context = await browser.createBrowserContext();
});
afterEach(async () => {
  await context.close();
  await provider.close();
});

const logins = () => provider.count("GET /authorize");

/** Loads the page, and waits until it has requested a token a few times. */
async function load(options: LoadingPageOptions = {}) {
  const tab = await openLoadingPage(context, provider.issuer, options);
  await tab.page.goto(`${site.origin}/bare/`);
  await tab.settle();
  return tab;
}

const respondWith = (parameters: Record<string, string>) =>
  ({
    "/authorize": ({ query }: ProviderRequest) =>
      redirectTo(query, { state: query.get("state") ?? "", ...parameters }),
  }) satisfies Record<string, Behaviour>;

/** The response of a correct server, with one change. */
const changed = (change: (response: URL) => void) =>
  ({
    "/authorize": (_, good) => {
      const response = new URL(good.headers!["Location"]!);
      change(response);
      return { ...good, headers: { Location: response.href } };
    },
  }) satisfies Record<string, Behaviour>;

interface Case {
  readonly name: string;
  readonly behaviours?: Readonly<Record<string, Behaviour>>;
  readonly tokens?: HostileProvider["tokens"];
  readonly claims?: HostileProvider["claims"];
  readonly options?: LoadingPageOptions;
  /** A part of the last error's message. */
  readonly says: string;
  /** Number of calls that got a token. */
  readonly tokensGiven?: number;
}

const withoutRefresh = { refresh_token: undefined };
const write = { options: { scope: ["write"] } };

const CASES: readonly Case[] = [
  {
    name: "A1: expires_in is 0",
    tokens: { ...withoutRefresh, expires_in: 0 },
    says: "valid for 0 s",
    tokensGiven: 1,
  },
  {
    name: "A1: expires_in is -1",
    tokens: { ...withoutRefresh, expires_in: -1 },
    says: "valid for 0 s",
    tokensGiven: 1,
  },
  {
    name: "A1: the scope was not granted",
    tokens: { ...withoutRefresh, scope: "openid profile" },
    options: write,
    says: "did not grant the scope write",
  },
  {
    name: "A1: the token is valid for one second",
    tokens: { ...withoutRefresh, expires_in: 1 },
    // On a busy machine, the page reads the token when it has already expired.
    says: "the token of that login was valid for",
  },
  {
    name: "A2: invalid_scope, and a callback page that continues",
    behaviours: respondWith({ error: "invalid_scope", error_description: "no such scope" }),
    options: { continues: true },
    says: "invalid_scope (no such scope)",
  },
  {
    name: "A2: access_denied, and a callback page that continues",
    behaviours: respondWith({ error: "access_denied" }),
    options: { continues: true },
    says: "access_denied",
  },
  {
    name: "A2: clocks that differ by six minutes, and a callback page that continues",
    claims: (claims) => ({ ...claims, exp: Number(claims["iat"]) - 360 }),
    options: { continues: true },
    says: "ID token, exp",
  },
  {
    name: "A2: invalid_client at the token endpoint, and a callback page that continues",
    behaviours: { "/token": () => ({ status: 401, body: { error: "invalid_client" } }) },
    options: { continues: true },
    says: "invalid_client",
  },
  {
    name: "A2: another user logged in, and a callback page that continues",
    options: { continues: true, options: { user: "grace" } },
    says: "another user",
  },
  {
    name: "A3: error without state",
    behaviours: {
      "/authorize": ({ query }) => redirectTo(query, { error: "unauthorized_client" }),
    },
    says: "error=unauthorized_client, and no state",
  },
  {
    name: "A3: code without state",
    behaviours: changed((response) => response.searchParams.delete("state")),
    says: "got code, and no state",
  },
  {
    name: "A3: a state that the server changed",
    behaviours: changed((response) => response.searchParams.set("state", "1")),
    says: "got code, and a state of another client",
  },
  {
    name: "A3: parameters in the fragment",
    behaviours: changed((response) => {
      response.hash = response.search.slice(1);
      response.search = "";
    }),
    says: "in the URL fragment",
  },
  {
    name: "A3: no parameters at all",
    behaviours: changed((response) => (response.search = "")),
    says: "no parameter of a response",
  },
  {
    name: "A3: a host that adds a slash to the path",
    behaviours: changed((response) => (response.pathname += "/")),
    says: "/bare/callback/, not at",
  },
  {
    name: "A3: a host that sends the page to another path",
    behaviours: changed((response) => {
      response.pathname = "/bare/start";
      response.search = "";
    }),
    says: "this page is /bare/start",
  },
];

describe("a page that requests a token at each load starts one login, and then gets an error that says why", () => {
  test.each(CASES)("$name", async (row) => {
    for (const [path, behaviour] of Object.entries(row.behaviours ?? {})) {
      provider.behaviours.set(path, behaviour);
    }
    if (row.tokens) provider.tokens = row.tokens;
    if (row.claims) provider.claims = row.claims;
    const tab = await load(row.options);
    const results = await tab.results();
    expect(logins()).toBe(1);
    expect(results.at(-1)).toContain("no_token: no automatic login starts");
    expect(results.at(-1)).toContain(row.says);
    expect(results.at(-1)).toContain("Call login() in a click handler.");
    if (row.tokensGiven !== undefined) {
      expect(results.filter((line) => line === "token")).toHaveLength(row.tokensGiven);
    }
    // A reload changes nothing.
    const before = results.length;
    await tab.page.reload();
    await tab.page.waitForFunction(
      (before) => JSON.parse(sessionStorage.getItem("log")!).length > before + 2,
      { polling: 50 },
      before,
    );
    expect(logins()).toBe(1);
  });
});

test.each([
  ["A13: after Back on the login page the app loads again and starts no login", 1],
  ["A13: after Back three times the app starts no login, either", 3],
])("%s", async (_, times) => {
  provider.behaviours.set("/authorize", () => ({
    body: "<h1>Sign in</h1>",
    headers: { "Content-Type": "text/html" },
  }));
  const { page, results } = await openLoadingPage(context, provider.issuer);
  await page.goto(`${site.origin}/bare/`);
  await page.waitForFunction(() => document.querySelector("h1")?.innerText === "Sign in");
  for (let time = 0; time < times; time++) {
    await page.goBack();
    await page.waitForFunction(
      (time) => (JSON.parse(sessionStorage.getItem("log") ?? "[]") as string[]).length > 2 * time,
      { polling: 50 },
      time + 1,
    );
    if (time + 1 < times) await page.goForward();
  }
  expect((await results()).at(-1)).toContain("came back without a response");
  // Going forward shows the login page again, but then the user asked for it.
  expect(logins()).toBe(times);
});

test("A13: after a key press of the user, one more automatic login may start", async () => {
  provider.behaviours.set("/authorize", ({ query }) =>
    redirectTo(query, { error: "login_required" }),
  );
  const { page } = await load();
  expect(logins()).toBe(1);
  await page.keyboard.press("a");
  await until("a second authorization request", () => logins() === 2);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(logins()).toBe(2);
});

describe("a login whose navigation does not happen", () => {
  /** Shortens the timeout of ten seconds to 0.3 s. */
  const hurry = () => {
    const original = window.setTimeout.bind(window);
    window.setTimeout = ((run: () => void, ms = 0) =>
      original(run, ms === 10_000 ? 300 : ms)) as typeof setTimeout;
  };
  /** Whether the user lets the page go when the browser asks. */
  let mayNavigate = false;
  beforeEach(() => {
    mayNavigate = false;
  });
  /** Calls `login()` in a click. The page's title becomes the code of its error. */
  async function clicked(prepare: () => void = () => {}, before: () => void = hurry) {
    const page = await context.newPage();
    page.on("dialog", (dialog) => void (mayNavigate ? dialog.accept() : dialog.dismiss()));
    await page.evaluateOnNewDocument(before);
    await page.goto(`${site.origin}/bare/`);
    await page.evaluate((issuer) => {
      const { createAuth } = window.latchkey;
      window.auth = createAuth({
        issuer,
        clientId: "latchkey-demo",
        redirectUri: "/bare/callback",
      });
      const button = document.createElement("button");
      button.textContent = "Sign in";
      button.onclick = () => {
        window.auth.login().catch((error) => {
          document.title = error.code;
          sessionStorage.setItem("outcome", error.code);
        });
      };
      document.body.append(button);
    }, provider.issuer);
    await page.evaluate(prepare);
    await page.click("button");
    return page;
  }
  const cancelled = (page: Awaited<ReturnType<typeof clicked>>) =>
    page.waitForFunction(() => document.title === "cancelled", { polling: 50, timeout: 5_000 });

  test.each<[string, Behaviour, () => void]>([
    ["A4: the server returns 204", () => ({ status: 204 }), () => {}],
    [
      "A4: the server returns a download",
      () => ({ body: "x", headers: { "Content-Disposition": "attachment" } }),
      () => {},
    ],
    [
      "A4: the user presses Stop",
      () => "hang",
      () => {
        addEventListener("click", () => setTimeout(() => stop(), 700));
      },
    ],
    [
      "A4: the user chooses to stay",
      (_, good) => good,
      () => addEventListener("beforeunload", (event) => event.preventDefault()),
    ],
  ])("%s: the login is cancelled, and no other one follows", async (_, behaviour, prepare) => {
    provider.behaviours.set("/authorize", behaviour);
    const page = await clicked(prepare);
    await cancelled(page);
    const before = logins();
    const outcome = await page.evaluate(async () => {
      const code = await window.auth.getToken().then(
        () => "token",
        (error) => error.code,
      );
      return { code, state: window.auth.state };
    });
    expect(outcome).toMatchObject({
      code: "no_token",
      state: { status: "anonymous", error: { code: "cancelled" } },
    });
    expect(logins()).toBe(before);
    // The button works again.
    provider.behaviours.delete("/authorize");
    mayNavigate = true;
    await page.click("button");
    await page.waitForFunction(() => location.pathname === "/bare/callback", { polling: 50 });
  });

  test("A4: the user acts on the page: the login is cancelled at once", async () => {
    provider.behaviours.set("/authorize", () => ({ status: 204 }));
    const page = await clicked(
      () => {},
      () => {},
    );
    await until("an authorization request", () => logins() === 1);
    const pressedAt = Date.now();
    await page.keyboard.press("a");
    await cancelled(page);
    expect(Date.now() - pressedAt).toBeLessThan(5_000);
  });

  test("A4: a response that arrives later is still handled", async () => {
    provider.behaviours.set("/authorize", (_, good) => ({ ...good, delayMs: 2_500 }));
    const page = await clicked();
    await page.waitForFunction(() => location.pathname === "/bare/callback", { polling: 50 });
    expect(await page.evaluate(() => sessionStorage.getItem("outcome"))).toBe("cancelled");
    const user = await page.evaluate((issuer) => {
      const { createAuth } = window.latchkey;
      window.auth = createAuth({
        issuer,
        clientId: "latchkey-demo",
        redirectUri: "/bare/callback",
      });
      return window.auth.handleCallback();
    }, provider.issuer);
    expect(user).toMatchObject({ user: { sub: "ada" } });
  });
});

describe("a code that is lost", () => {
  test.each<[string, Behaviour]>([
    ["A8: the network is cut during the code exchange", () => "cut"],
    ["A8: the code exchange returns 503", () => ({ status: 503 })],
    ["A8: the code exchange returns 500", () => ({ status: 500, body: "<h1>Oops</h1>" })],
  ])("%s: the code is sent once, and one automatic login follows", async (_, behaviour) => {
    provider.behaviours.set("/token", behaviour);
    const tab = await load({ logsIn: true });
    expect(logins()).toBe(2);
    // Chromium itself repeats a request whose connection was cut.
    const codes = provider.requests
      .filter(({ what }) => what === "POST /token")
      .map(({ body }) => body.get("code"));
    expect(new Set(codes).size).toBe(2);
    const state = await tab.page.evaluate(() => window.auth.state);
    expect(state).toMatchObject({ status: "anonymous", error: { retryable: false } });
    const again = await tab.page.evaluate(() =>
      window.auth
        .handleCallback()
        .catch((error) => ({ code: error.code, retryable: error.retryable })),
    );
    expect(again).toMatchObject({ retryable: false });
    expect(again).not.toMatchObject({ code: "invalid_response" });
  });

  test("A8: the automatic login that follows may succeed", async () => {
    provider.behaviours.set("/token", () => {
      provider.behaviours.delete("/token");
      return { status: 503 };
    });
    const tab = await openLoadingPage(context, provider.issuer, { logsIn: true });
    await tab.page.goto(`${site.origin}/bare/`);
    await tab.page.waitForFunction(() => (sessionStorage.getItem("log") ?? "").includes("token"), {
      polling: 50,
    });
    expect(logins()).toBe(2);
  });
});

describe("after a logout", () => {
  const signedIn = async () => {
    const tab = await openLoadingPage(context, provider.issuer);
    await tab.page.goto(`${site.origin}/bare/`);
    await tab.page.waitForFunction(() => (sessionStorage.getItem("log") ?? "").includes("token"), {
      polling: 50,
    });
    return tab;
  };

  test.each([
    ["B4: logout()", () => window.auth.logout()],
    ["B4: forget()", () => window.auth.forget("ada")],
    ["B4: logoutAll()", () => window.auth.logoutAll()],
  ] as const)(
    "%s ends at the server, and no page of this browser starts an automatic login",
    async (_, leave) => {
      const [other, own] = [await signedIn(), await signedIn()];
      expect(logins()).toBe(1);
      await Promise.all([own.page.waitForNavigation(), own.page.evaluate(leave).catch(() => {})]);
      expect(provider.count("GET /logout")).toBe(1);
      // After the server's logout, the page requests a token again. So does a tab that was hidden.
      await own.page.goto(`${site.origin}/bare/`);
      for (const { page, settle, results } of [own, other]) {
        await page.bringToFront();
        await settle();
        expect(await page.evaluate(() => window.auth.state.status)).toBe("anonymous");
        const said = (await results()).filter((line) => line.includes("no automatic login"));
        expect(said.at(-1)).toContain("the user logged out");
      }
      expect(logins()).toBe(1);
    },
  );
});
