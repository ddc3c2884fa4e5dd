import type { BrowserContext, Page } from "puppeteer-core";
import { tabOpenedBy, waitForShown } from "./browser.ts";

/** What a person does with the demo's pages. */

export type DemoUser = "ada" | "grace" | "linus";

/** Chooses a person in the sign-in window that a click on `opener` opens, and waits until it is closed. */
export async function signInByWindow(page: Page, opener: string, sub: DemoUser): Promise<void> {
  const context: BrowserContext = page.browserContext();
  const button = await page.waitForSelector(opener, { visible: true });
  await chooseInWindow(await tabOpenedBy(context, () => button!.click()), sub);
  await page.bringToFront();
}

/** Chooses a person in a sign-in window, and waits until it is closed. */
export async function chooseInWindow(popup: Page, sub: DemoUser): Promise<void> {
  const user = await popup.waitForSelector(`button[name=user][value=${sub}]`, {
    visible: true,
  });
  const closed = new Promise((resolve) => popup.once("close", resolve));
  await user!.click();
  await closed;
}

/** Answers "Stay signed in?", once it is asked. */
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

/** Signs them in one after the other, and has them remembered; the tab is the last one's. */
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

/** The page goes to the provider, which ends its session, and comes back. */
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

/** A click on what can be done with one of the people on the list. */
export async function act(
  page: Page,
  sub: DemoUser,
  deed: "switchTo" | "signIn" | "logout" | "forget",
): Promise<void> {
  await page.bringToFront();
  const selector = `#users-list [data-sub=${sub}] [data-do=${deed}]`;
  const click = async () => (await page.waitForSelector(selector, { visible: true }))!.click();
  // Once more when the list was drawn anew in between.
  await click().catch(click);
}

/** In the picker, which the page shows or is about to show. */
export async function pick(page: Page, name: string): Promise<void> {
  const row = await page.waitForSelector(`latchkey-users >>> .user ::-p-text(${name})`, {
    visible: true,
  });
  await row!.click();
}

/** Whether one of the dialogs is open. */
export function isAsked(page: Page): Promise<boolean> {
  return page.evaluate(() =>
    [...document.querySelectorAll("latchkey-users, latchkey-remember")].some((element) =>
      Boolean(element.shadowRoot?.querySelector("dialog, .card")),
    ),
  );
}
