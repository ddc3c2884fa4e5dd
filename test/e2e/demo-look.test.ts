import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { RunningDemo } from "../../demo/server/demo.ts";
import { launchBrowser, openTab, waitForShown, waitForText } from "../support/browser.ts";
import { startBuiltDemo } from "../support/demo.ts";
import {
  act,
  answerRemember,
  logoutLast,
  rememberUsers,
  signInByWindow,
} from "../support/demo-users.ts";
import { expectGoodPage, jumps } from "../support/page-checks.ts";

/** A user sees these parts of the demo first: avatars, marks, labels, and questions that cover nothing. */

let demo: RunningDemo;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
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

const open = async (path = "", width = 1280): Promise<Page> =>
  (await openTab(context, `${demo.url}${path}`, { width })).page;

const focusedId = (page: Page): Promise<string | undefined> =>
  page.evaluate(() => document.activeElement?.id);

/** The avatars of a page: initials, colours, and the picture after it has loaded. */
function avatars(page: Page, selector: string): Promise<string[]> {
  return page.$$eval(selector, (found) =>
    Promise.all(
      found.map(async (avatar) => {
        const picture = avatar.querySelector("img");
        await picture?.decode();
        const { backgroundColor, color } = getComputedStyle(avatar);
        const { initials } = (avatar as HTMLElement).dataset;
        return [initials, backgroundColor, color, picture?.src].join(" ");
      }),
    ),
  );
}

test("a user has the same avatar in the card, the list, the menu, the picker, the question, React and at the provider", async () => {
  const page = await open();
  await signInByWindow(page, "#sign-in", "ada");
  await page.waitForSelector("latchkey-remember >>> [part=yes]", { visible: true });
  const seen = await avatars(page, "latchkey-remember >>> .avatar");
  await answerRemember(page, "yes");
  await waitForShown(page, "#users-list [data-sub=ada]");
  seen.push(...(await avatars(page, "latchkey-avatar >>> .avatar")));
  seen.push(...(await avatars(page, "latchkey-button >>> .avatar")));
  await page.click("#choose-account");
  await page.waitForSelector("latchkey-users >>> .user", { visible: true });
  seen.push(...(await avatars(page, "latchkey-users >>> .avatar")));
  const react = await open("react");
  await waitForShown(react, "#user-name");
  seen.push(...(await avatars(react, "latchkey-avatar >>> .avatar")));
  seen.push(...(await avatars(react, "latchkey-button >>> .avatar")));
  expect(seen).toHaveLength(9);
  expect(new Set(seen).size).toBe(1);
  const picture = `${demo.issuer}/users/ada.svg`;
  expect(seen[0]).toMatch(new RegExp(`^AL .*${picture.replaceAll(".", "\\.")}$`));

  const stranger = await browser.createBrowserContext();
  const { page: login } = await openTab(stranger, demo.url);
  await waitForShown(login, "#sign-in-page");
  await login.click("#sign-in-page");
  await login.waitForSelector("button[name=user][value=ada]", { visible: true });
  expect(await login.$eval("button[value=ada] img", ({ src }) => src)).toBe(picture);
  await stranger.close();
});

test("the picker marks this tab's user, also after a switch", async () => {
  const page = await open();
  await rememberUsers(page, "ada", "grace");
  const marked = async (): Promise<string[]> => {
    await page.click("#choose-account");
    await page.waitForSelector("latchkey-users >>> .user", { visible: true });
    const names = await page.$$eval("latchkey-users >>> .user[aria-current=true]", (rows) =>
      rows.map((row) => row.textContent.replace(/\s+/g, " ").trim()),
    );
    await page.keyboard.press("Escape");
    return names;
  };
  expect(await marked()).toEqual(["Grace Hopper grace@harbor.example This tab"]);
  await act(page, "ada", "switchTo");
  await waitForText(page, "#user-name", "Ada Lovelace");
  expect(await marked()).toEqual(["Ada Lovelace ada@harbor.example This tab"]);
});

/** The visible texts and controls of the page that the question covers. */
function covered(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const question = document.querySelector("latchkey-remember")!;
    const card = question.shadowRoot!.querySelector(".card")!.getBoundingClientRect();
    const parts = document.querySelectorAll<HTMLElement>(
      ".top *, main :is(h1, h2, p, li, dd, dt, button, output, svg), .foot",
    );
    return [...parts]
      .filter((part) => part.checkVisibility())
      .filter((part) => {
        const { top, bottom, left, right, width, height } = part.getBoundingClientRect();
        const isApart =
          bottom <= card.top || top >= card.bottom || right <= card.left || left >= card.right;
        return width * height > 0 && !isApart;
      })
      .map((part) => part.outerHTML.slice(0, 80));
  });
}

describe.each([360, 1280])("at %i px, the question whether to stay signed in", (width) => {
  test.each(["", "react"])("covers nothing on the page /%s, and moves nothing", async (path) => {
    const page = await open(path, width);
    await signInByWindow(page, path === "" ? "#sign-in" : "#content .primary", "linus");
    await page.waitForSelector("latchkey-remember >>> [part=yes]", { visible: true });
    await waitForText(page, "#user-name", "Linus Pauling");
    expect(await covered(page)).toEqual([]);
    await expectGoodPage(page);
    // The place had its height before the question came.
    expect(await jumps(page)).toBeLessThan(0.02);
    const top = (): Promise<number> =>
      page.$eval("#token-title", (title) => title.getBoundingClientRect().top);
    const before = await top();
    await answerRemember(page, "yes");
    await page.waitForSelector("#remember", { hidden: true });
    expect(await top()).toBeLessThan(before);
  });
});

test("a remembered user is not asked again, and the page keeps no place for the question", async () => {
  const page = await open();
  await rememberUsers(page, "linus");
  await logoutLast(page, "linus");
  await signInByWindow(page, "[data-sub=linus] [data-do=signIn]", "linus");
  await waitForText(page, "#user-name", "Linus Pauling");
  expect(await page.$eval("#remember", (place) => place.checkVisibility())).toBe(false);
});

/** Whether the page's edges have the colour of the backdrop on both sides. */
async function isCovered(page: Page): Promise<boolean> {
  const { width } = page.viewport()!;
  const at = async (x: number): Promise<string> =>
    page.screenshot({ encoding: "base64", clip: { x, y: 2, width: 4, height: 4 } });
  return (await at(2)) === (await at(width - 6));
}

test.each([360, 1280])(
  "at %i px, the backdrop of each dialog covers the width of the page",
  async (width) => {
    const page = await open("", width);
    await rememberUsers(page, "ada");
    await page.click("#choose-account");
    await page.waitForSelector("latchkey-users >>> .user", { visible: true });
    expect(await isCovered(page)).toBe(true);
    await page.keyboard.press("Escape");
    await act(page, "ada", "forget");
    expect(await isCovered(page)).toBe(true);
    const tv = await open("tv", width);
    await waitForShown(tv, "#tv-sign-in");
    await tv.click("#tv-sign-in");
    await tv.waitForSelector("latchkey-device >>> .qr svg", { visible: true });
    expect(await isCovered(tv)).toBe(true);
  },
);

test("the labels say how a login runs: with a popup or with a redirect", async () => {
  const names = (page: Page, selector: string): Promise<string[]> =>
    page.$$eval(selector, (buttons) =>
      buttons
        .filter((button) => button.checkVisibility())
        .map((button) => button.textContent.replace(/\s+/g, " ").trim()),
    );
  const page = await open("", 360);
  await waitForShown(page, "#sign-in");
  expect(await names(page, ".ways button")).toEqual([
    "Sign in with a popup",
    "Sign in with a redirect",
  ]);
  const react = await open("react");
  await waitForShown(react, "#hero-title");
  expect(await names(react, "#content button")).toEqual(["Sign in with a popup"]);

  await page.bringToFront();
  await rememberUsers(page, "ada");
  demo.provider.revokeGrants("ada");
  await page.click("#renew");
  await waitForShown(page, "#sign-in-again");
  expect(await names(page, ".ways button")).toEqual([
    "Sign in again with a popup",
    "Sign in again with a redirect",
  ]);
  const ends = await page.$$eval(".lead, .ways button", (parts) =>
    parts.filter((part) => part.checkVisibility()).map((p) => p.getBoundingClientRect().right),
  );
  // The card of the page keeps 16 px, and its content 20 px, free of the edge.
  expect(Math.max(...ends)).toBeLessThan(360 - 16 - 20 + 1);
  await react.bringToFront();
  await react.reload();
  await waitForText(react, ".lead", "Your session ended");
  expect(await names(react, "#content button")).toEqual(["Sign in again with a popup"]);
});

describe("the logout of one of several users", () => {
  const ends = (from: number): string[] =>
    demo.provider.requests.slice(from).filter((line) => line.includes("/session/end"));

  test("ends the session at the provider if the user signed in last, and the tab's user stays", async () => {
    const page = await open();
    await rememberUsers(page, "ada", "grace");
    await act(page, "ada", "switchTo");
    await waitForText(page, "#user-name", "Ada Lovelace");
    const from = demo.provider.requests.length;
    await logoutLast(page, "grace");
    expect(ends(from).at(-1)).toMatch(/^POST \/session\/end\/confirm/);
    await waitForText(page, "#user-name", "Ada Lovelace");
    await page.click("#renew");
    await waitForText(page, "#activity", "token renewed");

    // The provider has no session any more, so there is nothing to end and nothing to say.
    const later = demo.provider.requests.length;
    await page.click("#sign-out");
    await waitForShown(page, "#choose");
    expect(ends(later)).toEqual([]);
    expect(await page.$eval("#notice", (notice) => notice.checkVisibility())).toBe(false);
  });

  test.each(["row", "card"] as const)(
    "says that the provider knows only the last user, after a click in the %s",
    async (place) => {
      const page = await open();
      await rememberUsers(page, "ada", "grace");
      if (place === "card") {
        await act(page, "ada", "switchTo");
        await waitForText(page, "#user-name", "Ada Lovelace");
      }
      const from = demo.provider.requests.length;
      if (place === "card") await page.click("#sign-out");
      else await act(page, "ada", "logout");
      await waitForText(
        page,
        "#notice",
        "Ada Lovelace is signed out here. The identity provider has only one session in this browser, that of the user who signed in last. This session goes on.",
      );
      await waitForShown(page, "[data-sub=ada] [data-do=signIn]");
      expect(demo.provider.requests.slice(from)).toContain("POST /token/revocation");
      expect(ends(from)).toEqual([]);
      await expectGoodPage(page);
    },
  );

  test("in React has a button in the page, and the page says what goes on", async () => {
    const page = await open("react", 360);
    await signInByWindow(page, "#content .primary", "ada");
    await answerRemember(page, "no");
    await page.click("#sign-out");
    await waitForText(page, ".lead", "The identity provider's own session goes on");
    await expectGoodPage(page);
  });
});

describe("before a user is forgotten", () => {
  const isOpen = (page: Page): Promise<boolean> =>
    page.$eval("#forget", (dialog) => (dialog as HTMLDialogElement).open);
  const button = "[data-sub=ada] [data-do=forget]";

  test.each([360, 1280])("at %i px, the page asks, and no keeps the user", async (width) => {
    const page = await open("", width);
    await rememberUsers(page, "ada", "grace");
    for (const no of ["Escape", "Enter"] as const) {
      await page.focus(button);
      await page.keyboard.press("Enter");
      await waitForText(page, "#forget-title", "Forget Ada Lovelace?");
      expect(await focusedId(page)).toBe("forget-no");
      await expectGoodPage(page);
      await page.keyboard.press(no);
      await vi.waitFor(async () => expect(await isOpen(page)).toBe(false));
      expect(await page.$eval(button, (one) => one === document.activeElement)).toBe(true);
    }
    expect(await page.$$("#users-list li")).toHaveLength(2);
  });

  test("yes deletes the user, and the focus is at the heading of the list", async () => {
    const page = await open();
    await rememberUsers(page, "ada", "grace");
    await page.focus(button);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await focusedId(page)).toBe("forget-yes");
    await page.keyboard.press("Enter");
    await page.waitForSelector("[data-sub=ada]", { hidden: true });
    await vi.waitFor(async () => expect(await focusedId(page)).toBe("users-title"));
    await waitForText(page, "#notice", "Ada Lovelace is forgotten here.");
  });
});

test("the television says beside the QR code why a phone cannot open its link", async () => {
  const page = await open("tv", 360);
  await waitForShown(page, "#tv-sign-in");
  await page.click("#tv-sign-in");
  await page.waitForSelector("latchkey-device >>> .qr svg", { visible: true });
  expect(await page.$eval("latchkey-device >>> .ways", (ways) => ways.textContent)).toContain(
    "This demo runs on this computer alone, so a phone cannot open the QR code.",
  );
  await expectGoodPage(page);
});
