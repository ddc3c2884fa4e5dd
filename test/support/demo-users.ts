import type { BrowserContext, Page } from "puppeteer-core";
import { tabOpenedBy, waitForShown } from "./browser.ts";

/** The actions of a user on the demo's pages. */

/** The `sub` of a user of the demo's provider. */
export type DemoUser = "ada" | "grace" | "linus";

/** Chooses a user in the login window that a click on `opener` opens, and waits until the window is closed. */
export async function signInByWindow(page: Page, opener: string, sub: DemoUser): Promise<void> {
  const context: BrowserContext = page.browserContext();
  const button = await page.waitForSelector(opener, { visible: true });
  await chooseInWindow(await tabOpenedBy(context, () => button!.click()), sub);
  await page.bringToFront();
}

/** Chooses a user in a login window, and waits until the window is closed. */
export async function chooseInWindow(popup: Page, sub: DemoUser): Promise<void> {
  const user = await popup.waitForSelector(`button[name=user][value=${sub}]`, {
    visible: true,
  });
  const closed = new Promise((resolve) => popup.once("close", resolve));
  await user!.click();
  await closed;
}

/** Responds to "Stay signed in?" once the page shows it. */
export async function answerRemember(page: Page, response: "yes" | "no"): Promise<void> {
  await page.bringToFront();
  const button = await page.waitForSelector(`latchkey-remember >>> [part=${response}]`, {
    visible: true,
  });
  await button!.click();
  await page.waitForFunction(
    () => !document.querySelector("latchkey-remember")?.shadowRoot?.querySelector(".card"),
    { polling: 20 },
  );
}

/** Logs the users in one after the other and has them remembered. The last user is then the tab's user. */
export async function rememberUsers(page: Page, ...subs: DemoUser[]): Promise<void> {
  await waitForShown(page, "#sign-in");
  for (const [i, sub] of subs.entries()) {
    if (i > 0) await page.click("#choose-account");
    const opener = i === 0 ? "#sign-in" : "latchkey-users >>> [part=other]";
    await signInByWindow(page, opener, sub);
    await answerRemember(page, "yes");
    await waitForShown(page, `#users-list [data-sub=${sub}] [data-mark=here]`);
  }
}

/** Logs out the user who logged in last: the page navigates to the provider, which ends its session and navigates back. */
export async function logoutLast(page: Page, sub: DemoUser): Promise<void> {
  const { origin } = new URL(page.url());
  await Promise.all([
    page.waitForRequest(
      (request) => request.isNavigationRequest() && request.url().startsWith(`${origin}/`),
    ),
    act(page, sub, "logout"),
  ]);
  await waitForShown(page, `[data-sub=${sub}] [data-do=signIn]`);
}

/** Logs out all users: the page navigates to the provider, which ends its session and navigates back. */
export async function logoutAll(page: Page): Promise<void> {
  const { origin } = new URL(page.url());
  await Promise.all([
    page.waitForRequest(
      (request) => request.isNavigationRequest() && request.url().startsWith(`${origin}/`),
    ),
    page.click("#everywhere"),
  ]);
  await waitForShown(page, "#choose");
}

/** Clicks an action of a user in the list. */
export async function act(
  page: Page,
  sub: DemoUser,
  deed: "switchTo" | "signIn" | "logout" | "forget",
): Promise<void> {
  await page.bringToFront();
  const selector = `#users-list [data-sub=${sub}] [data-do=${deed}]`;
  const click = async () => (await page.waitForSelector(selector, { visible: true }))!.click();
  // Clicks again when the list was rendered in between.
  await click().catch(click);
}

/** Chooses a user in the picker once the page shows it. */
export async function pick(page: Page, name: string): Promise<void> {
  const row = await page.waitForSelector(`latchkey-users >>> .user ::-p-text(${name})`, {
    visible: true,
  });
  await row!.click();
}

/** Returns whether the picker or "Stay signed in?" is open. */
export function isAsked(page: Page): Promise<boolean> {
  return page.evaluate(() =>
    [...document.querySelectorAll("latchkey-users, latchkey-remember")].some((element) =>
      Boolean(element.shadowRoot?.querySelector("dialog, .card")),
    ),
  );
}
