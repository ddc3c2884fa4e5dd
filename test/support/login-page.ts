import type { Page } from "puppeteer-core";

/** Chooses a user on the provider's login page once `page` shows it, and waits for the next navigation. */
export async function chooseAtLogin(page: Page, sub: "ada" | "grace" | "linus"): Promise<void> {
  const user = await page.waitForSelector(`button[name=user][value=${sub}]`, { visible: true });
  if (user === null) throw new Error(`the login page has no user ${sub}`);
  await Promise.all([page.waitForNavigation(), user.click()]);
}

/** Clicks the cancel link of the login page, for the response `access_denied`. */
export async function cancelLogin(page: Page): Promise<void> {
  const link = await page.waitForSelector("a[href$='/cancel']", { visible: true });
  if (link === null) throw new Error("the login page has no cancel link");
  await Promise.all([page.waitForNavigation(), link.click()]);
}
