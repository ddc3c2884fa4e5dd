import { fileURLToPath } from "node:url";
import type { Page } from "puppeteer-core";
import { handle, listenOnLoopback } from "../../demo/server/loopback.ts";
import { serveBuild } from "../../demo/server/site.ts";

/** The pages of one example on a free port. */
export interface ExampleSite {
  readonly origin: string;
  close(): Promise<void>;
}

/** Serves a production build of the example under its name. */
export async function serveExample(name: string): Promise<ExampleSite> {
  const loopback = await listenOnLoopback(0);
  const root = fileURLToPath(new URL(name, import.meta.url));
  const site = await serveBuild([{ base: `/${name}/`, root }], "http://localhost:*");
  handle(loopback, site.listener);
  return { origin: loopback.origin, close: () => loopback.close() };
}

/** Visits a page of the provider, as the browser of the system does. Returns the URL to which the provider redirects. */
export async function responseTo(url: string): Promise<string> {
  const { headers } = await fetch(url, { redirect: "manual" });
  return headers.get("location") ?? "";
}

/**
 * Calls a method of `window.auth` and does not wait for it. The returned function waits: it returns the result of the method, or
 * the `code` of its error.
 */
export async function settled(
  page: Page,
  method: "login" | "getToken" | "logout",
): Promise<() => Promise<unknown>> {
  await page.evaluate((method) => {
    const result = window.auth[method]().catch(({ code }: { code?: string }) => code);
    Object.assign(window, { result });
  }, method);
  return () => page.evaluate(() => (window as unknown as { result: Promise<unknown> }).result);
}
