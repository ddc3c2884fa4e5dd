import type { BrowserContext, Page } from "puppeteer-core";
import type { CreateAuthConfig } from "../../src/index.ts";
import { status } from "./bare-page.ts";
import type { BareSite } from "./bare-site.ts";

/** The bare page with refreshes in a worker. */

declare global {
  interface Window {
    /** Whether `createAuth()` has connected to the worker. */
    isConnected: boolean;
  }
}

/**
 * Creates `window.auth` in a new tab of a context, or in an open page that has loaded. `worker`: the name of the worker that
 * refreshes, or the URL of another script. Undefined: the page refreshes by itself.
 */
export async function openWithWorker(
  where: BrowserContext | Page,
  site: BareSite,
  issuer: string,
  worker: string | undefined,
  config: Partial<CreateAuthConfig> = {},
): Promise<Page> {
  const page = "newPage" in where ? await where.newPage() : where;
  if ("newPage" in where) await page.goto(`${site.origin}/bare/`);
  await page.waitForFunction(() => window.latchkey !== undefined, { polling: 20 });
  await page.evaluate(
    (issuer, worker, config) => {
      const { authWorker, workerAt, createAuth } = window.latchkey;
      const isUrl = worker !== null && /[/:]/.test(worker);
      window.auth = createAuth({
        issuer,
        clientId: "latchkey-demo",
        redirectUri: "/bare/callback",
        reuseLeewayMs: 0,
        ...(worker !== null && {
          worker: () => {
            window.isConnected = true;
            return isUrl ? workerAt(worker) : authWorker(worker);
          },
        }),
        ...config,
      });
    },
    issuer,
    worker ?? null,
    config as Record<string, never>,
  );
  return page;
}

/** Signs Ada in with a popup. */
export async function signIn(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const userAgent = new window.latchkey.PopupUserAgent("relay.html");
    await window.auth.login({ loginHint: "ada", userAgent });
  });
  await status(page, "authenticated");
}

/** Changes the stored sessions so that all access tokens have expired. A page that was open still has its token in memory. */
export async function expireStored(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open("latchkey");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const transaction = opening.result.transaction("entries/2", "readwrite");
          transaction.oncomplete = () => {
            opening.result.close();
            resolve();
          };
          const all = transaction.objectStore("entries/2").openCursor();
          all.onsuccess = () => {
            const cursor = all.result;
            if (!cursor) return;
            const row = cursor.value as { access?: Record<string, { expiresAt: number }> };
            if (typeof cursor.key === "string" && cursor.key.startsWith("session/") && row.access) {
              for (const entry of Object.values(row.access)) entry.expiresAt = Date.now() - 1_000;
              cursor.update(row);
            }
            cursor.continue();
          };
        };
      }),
  );
}
