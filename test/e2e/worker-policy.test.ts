import { fileURLToPath } from "node:url";
import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { handle, listenOnLoopback } from "../../demo/server/loopback.ts";
import { startProvider, type RunningProvider } from "../../demo/server/provider.ts";
import { serveBuild } from "../../demo/server/site.ts";
import { BAD_WORKERS } from "../support/bad-workers.ts";
import { getToken, status } from "../support/bare-page.ts";
import type { BareSite } from "../support/bare-site.ts";
import { launchBrowser } from "../support/browser.ts";
import { expireStored, openWithWorker, signIn } from "../support/worker-page.ts";

/** Workers that die at once, or whose script has a policy that forbids requests, in a real browser. */

const ROOT = fileURLToPath(new URL("page", import.meta.url));

let site: BareSite;
let browser: Browser;
let provider: RunningProvider;
/** The headers of the worker's script. */
let policy: Readonly<Record<string, string>> = { "Content-Security-Policy": "default-src 'self'" };

/** The bare page. The response of the worker's script has a policy of its own. */
async function startSite(): Promise<BareSite> {
  const loopback = await listenOnLoopback(0);
  const build = await serveBuild([{ base: "/bare/", root: ROOT }], "http://localhost:*");
  handle(loopback, (request, response) => {
    const url = request.url ?? "";
    const [, bad] = /bad-worker\/(.*)\.js/.exec(url) ?? [];
    if (bad !== undefined) {
      response.writeHead(200, { "Content-Type": "text/javascript" });
      response.end(BAD_WORKERS[bad]);
      return;
    }
    if (/worker/.test(url)) {
      const writeHead = response.writeHead.bind(response);
      response.writeHead = ((code: number, headers: Record<string, string>) =>
        writeHead(code, {
          ...headers,
          ...policy,
        })) as typeof response.writeHead;
    }
    build.listener(request, response);
  });
  return {
    origin: loopback.origin,
    close: async () => {
      await build.close();
      await loopback.close();
    },
  };
}

beforeAll(async () => {
  [site, browser] = await Promise.all([startSite(), launchBrowser()]);
  provider = await startProvider({
    port: 0,
    origins: [site.origin],
    autoLogin: true,
    accessTokenTtlSeconds: 600,
    reuseLeewaySeconds: 0,
  });
});
afterAll(async () => {
  await browser?.close();
  await provider?.close();
  await site?.close();
});

async function expiredPage(worker: string): Promise<Page> {
  const context = await browser.createBrowserContext();
  const first = await openWithWorker(context, site, provider.issuer, undefined);
  await signIn(first);
  await expireStored(first);
  const page = await context.newPage();
  await page.goto(`${site.origin}/bare/`);
  await page.waitForFunction(() => window.latchkey !== undefined, { polling: 20 });
  // `openWithWorker()` sets `isConnected` at each call of the app's function.
  await page.evaluate(() => {
    let opened = 0;
    Object.defineProperty(window, "isConnected", {
      get: () => opened,
      set: () => {
        opened++;
      },
    });
  });
  await openWithWorker(page, site, provider.issuer, worker);
  await first.close();
  await status(page, "authenticated");
  return page;
}

test("a page starts a worker that dies at once at most a few times", async () => {
  const page = await expiredPage("/bare/bad-worker/dies-before.js");
  expect((await getToken(page)).token).toBeDefined();
  const opened = await page.evaluate(() => Number(window.isConnected));
  expect(opened).toBeLessThanOrEqual(3);
});

test("a page refreshes by itself when the policy of the worker's script forbids the request", async () => {
  const page = await expiredPage("auth");
  const outcomes = [await getToken(page)];
  outcomes.push(await getToken(page));
  const token = expect.any(String);
  expect(outcomes).toMatchObject([{ token }, { token }]);
});

test("a policy that only reports does not end the worker in the middle of a refresh", async () => {
  policy = { "Content-Security-Policy-Report-Only": "default-src 'self'" };
  // In a single round, the response can arrive before the report.
  for (let round = 0; round < 3; round++) {
    const page = await expiredPage("auth");
    provider.tokenRequests.reset();
    provider.tokenRequests.failNext({ delayResponseMs: 1_000 });
    expect(await getToken(page)).toMatchObject({ token: expect.any(String) });
    expect(provider.tokenRequests.refreshes).toHaveLength(1);
    await page.browserContext().close();
  }
});
