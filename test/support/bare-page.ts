import type { Page } from "puppeteer-core";
import type { RunningDemo } from "../../demo/server/demo.ts";
import type { Auth, AuthState, CreateAuthConfig } from "../../src/index.ts";

/** A page with nothing but the SDK, which the test configures and calls from outside. */

declare global {
  interface Window {
    auth: Auth;
  }
}

/** Creates `window.auth` in the bare page. */
export async function createBareAuth(
  page: Page,
  issuer: string,
  timing: Record<string, number> = {},
  more: Partial<CreateAuthConfig> = {},
): Promise<void> {
  await page.evaluate(
    (issuer, timing, more) => {
      window.auth = window.latchkey.createAuth({
        issuer,
        clientId: "latchkey-demo",
        redirectUri: "/bare/callback",
        postLogoutRedirectUri: "/bare/",
        timing,
        ...more,
      });
    },
    issuer,
    timing,
    more,
  );
}

/** Waits until the `Auth` of the page has this status. */
export function status(page: Page, expected: AuthState["status"]): Promise<unknown> {
  return page.waitForFunction(
    (expected) => window.auth.state.status === expected,
    { polling: 20, timeout: 10_000 },
    expected,
  );
}

/** Calls `getToken()` in the page. */
export const getToken = (page: Page, cache: "default" | "reload" = "default"): Promise<Outcome> =>
  page.evaluate(
    (cache) =>
      window.auth.getToken({ prompt: "none", cache }).then(
        (token) => ({ token }),
        (error) => ({
          code: error.code,
          pending: error.pending,
          reason: error.reason,
          cause: error.cause?.code,
        }),
      ),
    cache,
  );

/** The result of `getToken()`: a token, or the members of an error. */
export interface Outcome {
  token?: string;
  code?: string;
  pending?: boolean;
  reason?: string;
  cause?: string;
}

/** Returns the status with which the demo's API responds to a token. */
export async function askApi(demo: RunningDemo, token: string | undefined): Promise<number> {
  const response = await fetch(`${demo.origin}/api/me`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return response.status;
}

/** Waits until the access token of the page has expired. */
export async function expireToken(page: Page): Promise<void> {
  await page.waitForFunction(
    () =>
      window.auth.state.status !== "authenticated" ||
      window.auth.state.token.expiresAt <= Date.now(),
    { polling: 20 },
  );
}
