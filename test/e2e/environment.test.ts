import type { Browser, BrowserContext } from "puppeteer-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { RunningDemo } from "../../demo/server/demo.ts";
import { launchBrowser, openTab } from "../support/browser.ts";
import { startBuiltDemo } from "../support/demo.ts";

/** In pages where Latchkey cannot work, calls say why. `createAuth()` does not throw, and no request is sent. */

let demo: RunningDemo;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  demo = await startBuiltDemo();
  browser = await launchBrowser({ args: ["--host-resolver-rules=MAP insecure.test 127.0.0.1"] });
});
afterAll(async () => {
  await browser?.close();
  await demo?.close();
});
beforeEach(async () => {
  context = await browser.createBrowserContext();
});

interface Refusal {
  status: string;
  input: string;
  hint: string;
}

/** The error of `getToken()` in a page at `url`, after `prepare` has run in the page. */
async function refusalAt(
  url: string,
  prepare: () => void,
  redirectUri = "/bare/callback",
): Promise<Refusal> {
  const { page, requests, errors } = await openTab(context);
  await page.evaluateOnNewDocument(prepare);
  await page.goto(url);
  const refusal = await page.evaluate(
    (issuer, redirectUri) => {
      const auth = window.latchkey.createAuth({ issuer, clientId: "latchkey-demo", redirectUri });
      return auth.getToken().then(
        () => ({ status: "", input: "", hint: "" }),
        ({ input, hint }: { input: string; hint: string }) => ({
          status: auth.state.status,
          input,
          hint,
        }),
      );
    },
    demo.issuer,
    redirectUri,
  );
  expect(requests.to(demo.issuer)).toEqual([]);
  expect(errors).toEqual([]);
  return refusal;
}

const hide = {
  indexedDB: () => Object.defineProperty(window, "indexedDB", { value: undefined }),
  BroadcastChannel: () => Object.defineProperty(window, "BroadcastChannel", { value: undefined }),
};

test.for(Object.entries(hide))("getToken() rejects without %s", async ([input, prepare]) => {
  expect(await refusalAt(`${demo.origin}/bare/`, prepare)).toMatchObject({
    status: "unavailable",
    input,
    hint: expect.stringContaining("current browser"),
  });
});

test("getToken() rejects in a page that was not loaded over https", async () => {
  const { port } = new URL(demo.origin);
  expect(await refusalAt(`http://insecure.test:${port}/bare/`, () => {})).toMatchObject({
    status: "unavailable",
    input: "secure context",
    hint: expect.stringContaining("https"),
  });
});

test("createAuth() throws for a redirect URI of another origin", async () => {
  const { page } = await openTab(context, `${demo.origin}/bare/`);
  const thrown = await page.evaluate((issuer) => {
    try {
      window.latchkey.createAuth({
        issuer,
        clientId: "x",
        redirectUri: "https://elsewhere.example/callback",
      });
      return undefined;
    } catch (error) {
      return { ...(error as { code: string; input: string }) };
    }
  }, demo.issuer);
  expect(thrown).toMatchObject({ code: "configuration", input: "redirectUri" });
});

test("a server whose metadata names another issuer gets no further request", async () => {
  const { page, requests } = await openTab(context, `${demo.origin}/bare/`);
  const error = await page.evaluate(
    (issuer) =>
      window.latchkey
        .createAuth({ issuer, clientId: "latchkey-demo", redirectUri: "/bare/callback" })
        .login()
        .catch((error: object) => ({ ...error })),
    `${demo.issuer}/`,
  );
  expect(error).toMatchObject({ code: "discovery" });
  expect(requests.to(demo.issuer)).toEqual([`GET ${demo.issuer}/.well-known/openid-configuration`]);
});

test("a user who goes back from the login page finds the page as it was", async () => {
  const { page } = await openTab(context, `${demo.origin}/bare/`);
  await Promise.all([
    page.waitForNavigation(),
    page.evaluate((issuer) => {
      window.auth = window.latchkey.createAuth({
        issuer,
        clientId: "latchkey-demo",
        redirectUri: "/bare/callback",
      });
      window.auth.login().catch(({ code }: { code: string }) => {
        document.title = code;
      });
    }, demo.issuer),
  ]);
  await page.goBack();
  // A page from the bfcache still has its `auth`; a reloaded page would not.
  const restored = await page.evaluate(() => window.auth !== undefined);
  expect(restored).toBe(true);
  await page.waitForFunction(
    () => document.title === "cancelled" && window.auth.state.status === "anonymous",
    { polling: 20 },
  );
});
