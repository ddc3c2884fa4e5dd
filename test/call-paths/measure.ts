import { fileURLToPath } from "node:url";
import type { CDPSession, HTTPRequest, Page } from "puppeteer-core";
import { handle, listenOnLoopback } from "../../demo/server/loopback.ts";
import { startProvider } from "../../demo/server/provider.ts";
import { serveSources } from "../../demo/server/site.ts";
import { createBareAuth } from "../support/bare-page.ts";
import { launchBrowser } from "../support/browser.ts";

const PAGE = { base: "/bare/", root: fileURLToPath(new URL("../e2e/page", import.meta.url)) };

/** The files of `src` that one call runs through. */
export interface CallPath {
  readonly call: string;
  /** The files that decide how the call goes on. */
  readonly files: readonly string[];
  /** All files, also the values and rules of `core` and the adapters of `browser`, which call no other folder. */
  readonly all: readonly string[];
  /** Raised only in a commit that says why. */
  readonly limit: number;
}

/**
 * Counts the files with a function that runs between a call and its result, in Chromium, against the demo's provider. The
 * code that a module runs while it loads does not count.
 */
export async function measureCallPaths(): Promise<readonly CallPath[]> {
  const loopback = await listenOnLoopback(0);
  const provider = await startProvider({ port: 0, origins: [loopback.origin], autoLogin: true });
  const site = await serveSources(PAGE, provider.issuer, loopback.server);
  handle(loopback, site.listener);
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    const profiler = await page.createCDPSession();
    await profiler.send("Profiler.enable");
    await profiler.send("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    const url = `${loopback.origin}/bare/`;
    const bare = (at: string) => composeAuth(page, at, provider.issuer);
    const paths: CallPath[] = [];
    const measure = async (call: string, limit: number, act: () => Promise<unknown>) => {
      await filesRun(profiler);
      await act();
      const all = await filesRun(profiler);
      paths.push({
        call,
        limit,
        all,
        files: all.filter((file) => !/^(core|browser)\//.test(file)),
      });
    };

    await bare(url);
    const staying = await stayOnPage(page);
    await measure("getToken() without a session", 31, async () => {
      await page.evaluate(() => {
        window.auth.start();
        window.auth.getToken().catch(() => {});
      });
      await staying.asked;
    });
    await staying.end();
    await bare(url);
    await Promise.all([
      page.waitForFunction(() => location.pathname === "/bare/callback"),
      page.evaluate(() => {
        window.auth.start();
        window.auth.login({ loginHint: "ada" }).catch(() => {});
      }),
    ]);
    await bare(page.url());
    await measure("the page with the response", 45, () =>
      page.evaluate(async () => {
        window.auth.start();
        await window.auth.handleCallback();
      }),
    );
    await bare(url);
    await measure("the first getToken() of a page", 12, () =>
      page.evaluate(async () => {
        window.auth.start();
        await window.auth.getToken();
      }),
    );
    await measure("getToken() with a good token", 3, () =>
      page.evaluate(async () => {
        await window.auth.getToken();
      }),
    );
    await measure("getToken() that refreshes", 41, () =>
      page.evaluate(async () => {
        await window.auth.getToken({ cache: "reload" });
      }),
    );
    return paths;
  } finally {
    await browser.close();
    await site.close();
    await Promise.all([loopback.close(), provider.close()]);
  }
}

/** Loads the page and composes `window.auth`, which does not start: that is a part of the first call. */
async function composeAuth(page: Page, url: string, issuer: string): Promise<void> {
  await page.goto(url, { waitUntil: "load" });
  await page.waitForFunction(() => "latchkey" in window);
  const property = await page.evaluateHandle(() => {
    const before = Object.getOwnPropertyDescriptor(globalThis, "isSecureContext")!;
    // A page that cannot work is not started.
    Object.defineProperty(globalThis, "isSecureContext", { value: false, configurable: true });
    return before;
  });
  await createBareAuth(page, issuer);
  await page.evaluate((before) => {
    Object.defineProperty(globalThis, "isSecureContext", before);
    if (!isSecureContext) throw new Error("the page is not in a secure context");
  }, property);
}

/** Answers the authorization request with a 204, so that the page stays and its functions can be counted. */
async function stayOnPage(page: Page): Promise<{ asked: Promise<void>; end(): Promise<void> }> {
  await page.setRequestInterception(true);
  let intercept: (request: HTTPRequest) => void = () => {};
  const asked = new Promise<void>((resolve) => {
    intercept = (request) => {
      if (request.url().includes("code_challenge"))
        void request.respond({ status: 204 }).then(resolve);
      else void request.continue();
    };
    page.on("request", intercept);
  });
  return {
    asked,
    end: async () => {
      page.off("request", intercept);
      await page.setRequestInterception(false);
    },
  };
}

/** Since the last call. */
async function filesRun(profiler: CDPSession): Promise<string[]> {
  const { result } = await profiler.send("Profiler.takePreciseCoverage");
  const files = result.flatMap(({ url, functions }) => {
    const [, file] = /\/src\/([^?]+)/.exec(url) ?? [];
    // A module's own code is the function without a name that covers the whole file.
    const runs = functions.some(
      ({ functionName, ranges }) =>
        (functionName !== "" || ranges[0]!.startOffset > 0) && ranges[0]!.count > 0,
    );
    return file !== undefined && runs ? [file] : [];
  });
  return [...new Set(files)].sort();
}
