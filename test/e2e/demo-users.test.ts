import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { RunningDemo } from "../../demo/server/demo.ts";
import {
  launchBrowser,
  openTab,
  tabOpenedBy,
  waitForShown,
  waitForText,
} from "../support/browser.ts";
import { startBuiltDemo } from "../support/demo.ts";
import {
  act,
  answerRemember,
  isAsked,
  pick,
  rememberUsers,
  signInByWindow,
  logoutAll,
  logoutLast,
  chooseInWindow,
} from "../support/demo-users.ts";
import { expectGoodPage } from "../support/page-checks.ts";

/** Several users of one device, as the demo shows them. */

let demo: RunningDemo;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  // Windows open in a click only, as for real users.
  [demo, browser] = await Promise.all([startBuiltDemo(), launchBrowser({ popupBlocking: true })]);
});
afterAll(async () => {
  await browser?.close();
  await demo?.close();
});
beforeEach(async () => {
  context = await browser.createBrowserContext();
});
afterEach(async () => {
  await context.close();
});

async function open(path = ""): Promise<Page> {
  return (await openTab(context, `${demo.url}${path}`)).page;
}

const isNow = (page: Page, name: string): Promise<void> => waitForText(page, "#user-name", name);

/** The users of the list, in its order, with the mark of each user. */
function listed(page: Page): Promise<string[]> {
  return page.$$eval("#users-list li", (rows) =>
    rows.map((row) => {
      const marks = [...row.querySelectorAll<HTMLElement>("[data-mark]")];
      const mark = marks.find(({ hidden }) => !hidden)?.textContent;
      return `${row.dataset["sub"]}${mark === undefined ? "" : `: ${mark}`}`;
    }),
  );
}

const tokenRequests = (): number => demo.provider.tokenRequests.count;

describe("several users", () => {
  test("log in one after the other, and the picker switches between them without the provider", async () => {
    const page = await open();
    await rememberUsers(page, "ada", "grace", "linus");
    expect(await listed(page)).toEqual(["linus: This tab", "grace", "ada"]);
    const from = demo.provider.requests.length;

    await page.click("latchkey-button >>> .face");
    await page.click("#menu-choose");
    await pick(page, "Ada Lovelace");
    await isNow(page, "Ada Lovelace");
    await vi.waitFor(async () => expect((await listed(page))[0]).toBe("ada: This tab"));
    expect(demo.provider.requests.slice(from).filter((line) => !/users/.test(line))).toEqual([]);
    expect(await isAsked(page)).toBe(false);
    await page.click("#call-api");
    await waitForText(page, "#api-answer", "Ada Lovelace");
  });

  test("can each have a tab: a switch in one tab does not change another tab", async () => {
    const page = await open();
    await rememberUsers(page, "ada", "grace");
    const other = await open();
    await isNow(other, "Grace Hopper");
    await act(page, "ada", "switchTo");
    await isNow(page, "Ada Lovelace");
    const third = await open();
    await isNow(third, "Ada Lovelace");

    // The other tab keeps its user, for tokens and after a reload.
    await other.bringToFront();
    await other.click("#call-api");
    await waitForText(other, "#api-answer", "Grace Hopper");
    await other.reload();
    await isNow(other, "Grace Hopper");
    await page.bringToFront();
    await page.reload();
    await isNow(page, "Ada Lovelace");
  });

  test("log out one by one: the others stay, and a logged-out user logs in with one click", async () => {
    const page = await open();
    await rememberUsers(page, "ada", "grace");
    const from = demo.provider.requests.length;
    await act(page, "ada", "logout");
    await waitForShown(page, "[data-sub=ada] [data-do=signIn]");
    await isNow(page, "Grace Hopper");
    await vi.waitFor(() =>
      expect(demo.provider.requests.slice(from)).toContain("POST /token/revocation"),
    );
    await page.click("#call-api");
    await waitForText(page, "#api-answer", "Grace Hopper");

    await signInByWindow(page, "[data-sub=ada] [data-do=signIn]", "ada");
    await isNow(page, "Ada Lovelace");
    await vi.waitFor(async () => expect(await listed(page)).toEqual(["ada: This tab", "grace"]));
  });

  test("log out everywhere, in every tab, and stay in the picker", async () => {
    const page = await open();
    await rememberUsers(page, "ada", "grace");
    const other = await open();
    await isNow(other, "Grace Hopper");
    await act(other, "ada", "switchTo");
    await isNow(other, "Ada Lovelace");

    await page.bringToFront();
    await logoutAll(page);
    for (const each of [page, other]) {
      await waitForShown(each, "#choose");
      await vi.waitFor(async () =>
        expect((await listed(each)).sort()).toEqual(["ada: Signed out", "grace: Signed out"]),
      );
    }
  });

  test("are forgotten in every tab", async () => {
    const page = await open();
    await rememberUsers(page, "ada", "grace");
    const other = await open();
    await isNow(other, "Grace Hopper");
    await act(page, "ada", "forget");
    await page.click("#forget-yes");
    for (const each of [page, other])
      await vi.waitFor(async () => expect(await listed(each)).toEqual(["grace: This tab"]));
    await act(page, "grace", "forget");
    await page.click("#forget-yes");
    for (const each of [page, other]) {
      await waitForShown(each, "#sign-in");
      await vi.waitFor(async () => expect(await listed(each)).toEqual([]));
    }
    expect(await page.$eval("#users", (card) => card.checkVisibility())).toBe(false);
  });
});

describe("stay signed in?", () => {
  /** Opens a new tab and closes all others before. */
  async function comeBack(): Promise<Page> {
    const empty = await context.newPage();
    for (const page of await context.pages()) if (page !== empty) await page.close();
    return open();
  }

  test("yes: the user has a session after all tabs were closed", async () => {
    await rememberUsers(await open(), "ada");
    const page = await comeBack();
    await isNow(page, "Ada Lovelace");
    expect(await isAsked(page)).toBe(false);
  });

  test("no: the session lasts while a tab is open, and ends with the last tab", async () => {
    const page = await open();
    await signInByWindow(page, "#sign-in", "ada");
    await isNow(page, "Ada Lovelace");
    await answerRemember(page, "no");
    const second = await open();
    await isNow(second, "Ada Lovelace");
    expect(await listed(second)).toEqual([]);

    const later = await comeBack();
    await waitForShown(later, "#sign-in");
    expect(await isAsked(later)).toBe(false);
    expect(await later.$eval("#choose", (button) => button.checkVisibility())).toBe(false);
  });
});

describe("the picker", () => {
  test("opens a window in the click on another account", async () => {
    const page = await open();
    await rememberUsers(page, "ada");
    await logoutLast(page, "ada");
    await waitForShown(page, "#choose");
    await page.click("#choose");
    await signInByWindow(page, "latchkey-users >>> [part=other]", "grace");
    await isNow(page, "Grace Hopper");
    await answerRemember(page, "no");
  });

  test("opens a login window in the click on a user whose session has ended, and suggests this user", async () => {
    const page = await open();
    await rememberUsers(page, "ada", "grace");
    demo.provider.revokeGrants("ada");
    demo.provider.endAccessTokens();
    demo.provider.endSessions();
    await act(page, "ada", "switchTo");
    await isNow(page, "Ada Lovelace");
    await page.click("#renew");
    await waitForShown(page, "#sign-in-again");

    await page.click("#choose-account");
    const popup = await tabOpenedBy(context, () => pick(page, "Ada Lovelace"));
    await waitForText(popup, ".user .tag", "Suggested");
    expect(await popup.$eval(".user:has(.tag)", (row) => row.getAttribute("value"))).toBe("ada");
    await chooseInWindow(popup, "ada");
    await page.bringToFront();
    await isNow(page, "Ada Lovelace");
    await vi.waitFor(
      async () => expect(await listed(page)).toEqual(["ada: This tab", "grace"]),
      15_000,
    );
  });

  test("is dismissed with Escape, which changes nothing and returns the focus", async () => {
    const page = await open();
    await rememberUsers(page, "ada");
    await page.focus("#choose-account");
    await page.keyboard.press("Enter");
    await page.waitForSelector("latchkey-users >>> .user", { visible: true });
    await page.keyboard.press("Escape");
    await vi.waitFor(async () => expect(await isAsked(page)).toBe(false));
    await isNow(page, "Ada Lovelace");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("choose-account");
  });

  test("is not shown without a click", async () => {
    const page = await open();
    await rememberUsers(page, "ada");
    await logoutLast(page, "ada");
    await waitForShown(page, "#choose");
    const from = tokenRequests();
    for (const path of ["", "react"]) {
      const other = await open(path);
      await waitForShown(other, path === "" ? "#choose" : "#hero-title");
      expect(await isAsked(other)).toBe(false);
    }
    expect(tokenRequests()).toBe(from);
  });
});

test.each([360, 1280])(
  "at %i px, light and dark, the pages are accessible, without overflow or layout shift",
  async (width) => {
    const { page, errors } = await openTab(context, demo.url, { width });
    await rememberUsers(page, "ada", "grace");
    await act(page, "ada", "logout");
    await waitForShown(page, "[data-sub=ada] [data-do=signIn]");
    await expectGoodPage(page);
    await page.click("#choose-account");
    await page.waitForSelector("latchkey-users >>> .user", { visible: true });
    await expectGoodPage(page);
    await page.keyboard.press("Escape");

    await page.click("#dismiss");
    await logoutLast(page, "grace");
    await waitForShown(page, "#choose");
    await expectGoodPage(page);
    await page.reload();
    await waitForShown(page, "#choose");
    await expectGoodPage(page);
    expect(errors).toEqual([]);
  },
);
