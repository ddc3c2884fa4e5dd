import type { Browser, BrowserContext, Page } from "playwright";
import {
  createLab,
  fakeProvider,
  playwrightRoute,
  signedInState,
  type FakeProvider,
  type FakeProviderConfig,
  type Lab,
} from "../../src/testing.ts";

/** A page of an app in which Ada is signed in, and what a test needs beside it. */
export interface SignedInPage {
  readonly provider: FakeProvider;
  readonly context: BrowserContext;
  readonly page: Page;
  readonly lab: Lab;
}

/** Opens a page of the app at `origin`. The caller navigates the page. */
export async function openSignedIn(
  browser: Browser,
  origin: string,
  more: FakeProviderConfig = {},
): Promise<SignedInPage> {
  const provider = fakeProvider({ issuer: "https://localhost:4999", ...more });
  const context = await browser.newContext({
    storageState: await signedInState({ provider, origin, user: "ada" }),
  });
  await context.route(`${new URL(provider.issuer).origin}/**`, playwrightRoute(provider));
  const page = await context.newPage();
  const lab = createLab(provider, page);
  return { provider, context, page, lab };
}
