import type { Page } from "puppeteer-core";

/** Chooses a person at the provider's login page, which `page` shows or is on its way to, and waits until the page left it. */
export async function chooseAtLogin(page: Page, sub: "ada" | "grace" | "linus"): Promise<void> {
  const user = await page.waitForSelector(`button[name=user][value=${sub}]`, { visible: true });
  if (user === null) throw new Error("the login page has no such person");
  await Promise.all([page.waitForNavigation(), user.click()]);
}

/** Takes the login page's way back without a login: `access_denied`. */
export async function cancelLogin(page: Page): Promise<void> {
  const link = await page.waitForSelector("a[href$='/cancel']", { visible: true });
  if (link === null) throw new Error("the login page has no way back");
  await Promise.all([page.waitForNavigation(), link.click()]);
}
