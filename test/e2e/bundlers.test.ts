import { TargetType, type Browser, type Target } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { handle, listenOnLoopback } from "../../demo/server/loopback.ts";
import { startProvider } from "../../demo/server/provider.ts";
import { getToken, status } from "../support/bare-page.ts";
import { launchBrowser } from "../support/browser.ts";
import { buildPackage, BUNDLERS } from "../support/bundled-app.ts";
import { until } from "../support/until.ts";

/** A build with webpack alone takes a minute on a busy machine. Milliseconds. */
const PATIENCE_MS = 240_000;

/** Apps whose refreshes run in a worker, as each bundler builds them from the built package. */

let browser: Browser;

beforeAll(async () => {
  [browser] = await Promise.all([launchBrowser(), buildPackage()]);
});
afterAll(() => browser?.close());

test.for(Object.keys(BUNDLERS))(
  "an app of %s refreshes in its worker",
  { timeout: PATIENCE_MS },
  async (name) => {
    const app = await BUNDLERS[name]!();
    const loopback = await listenOnLoopback(0);
    handle(loopback, app.listener);
    const provider = await startProvider({
      port: 0,
      origins: [loopback.origin],
      autoLogin: true,
      accessTokenTtlSeconds: 600,
      reuseLeewaySeconds: 0,
    });
    const context = await browser.createBrowserContext();
    try {
      const page = await context.newPage();
      await page.evaluateOnNewDocument((issuer) => {
        if (location.protocol === "http:") sessionStorage.setItem("issuer", issuer);
      }, provider.issuer);
      const isReady = () =>
        page.waitForFunction(() => window.auth?.state.status !== undefined, { timeout: 30_000 });
      await page.goto(loopback.origin);
      await isReady();
      await status(page, "anonymous");
      await Promise.all([
        page.waitForNavigation(),
        page.evaluate(() => void window.auth.login({ loginHint: "ada" })),
      ]);
      await isReady();
      await status(page, "authenticated");
      // The URL has no hash, so that one worker serves the pages of several deployments.
      const isItsWorker = (target: Target) =>
        target.type() === TargetType.SHARED_WORKER &&
        target.url().startsWith(loopback.origin) &&
        /\/auth-worker\.[jt]s$/.test(new URL(target.url()).pathname);
      await until("a worker at its stable URL", () => browser.targets().some(isItsWorker));
      const own: string[] = [];
      page.on("request", (request) => {
        if (request.url() === `${provider.issuer}/token`) own.push(request.method());
      });
      const { token } = await getToken(page, "reload");
      expect(await provider.provider.AccessToken.find(token!)).toBeDefined();
      expect(provider.tokenRequests.refreshes).toHaveLength(1);
      expect(own).toEqual([]);
    } finally {
      await context.close();
      await provider.close();
      await loopback.close();
      await app.close();
    }
  },
);
