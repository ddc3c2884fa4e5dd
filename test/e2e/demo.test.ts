import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { RunningDemo } from "../../demo/server/demo.ts";
import { accessibilityProblems } from "../support/accessibility.ts";
import {
  launchBrowser,
  openTab,
  tabOpenedBy,
  waitForShown,
  waitForText,
  type Tab,
} from "../support/browser.ts";
import { startBuiltDemo } from "../support/demo.ts";
import { answerRemember } from "../support/demo-users.ts";
import { cancelLogin, chooseAtLogin } from "../support/login-page.ts";
import { jumps } from "../support/page-checks.ts";

const PATIENCE = { timeout: 15_000, interval: 50 };

let demo: RunningDemo;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  [demo, browser] = await Promise.all([startBuiltDemo(), launchBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await demo?.close();
});

beforeEach(async () => {
  context = await browser.createBrowserContext();
  demo.provider.setAccessTokenTtl(60);
  demo.provider.tokenRequests.reset();
});

afterEach(async () => {
  await context.close();
});

async function signIn(options?: Parameters<typeof openTab>[2]): Promise<Tab> {
  const tab = await openTab(context, demo.url, options);
  await waitForShown(tab.page, "#sign-in");
  await tab.page.click("#sign-in-page");
  await chooseAtLogin(tab.page, "ada");
  await waitForShown(tab.page, "#sign-out");
  return tab;
}

function textOf(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (element) =>
    element instanceof HTMLElement ? element.innerText : "",
  );
}

/** The activity without its times, newest first. */
function lines(page: Page): Promise<string[]> {
  return page.$$eval("#activity li span", (texts) => texts.map((text) => text.textContent ?? ""));
}

/** Clicks on "Sign in". Returns the window that opens. */
async function openWindow(page: Page): Promise<Page> {
  const popup = await tabOpenedBy(context, () => page.click("#sign-in"));
  await popup.waitForSelector("button[name=user]", { visible: true });
  return popup;
}

/** Closes the window as a user does. A headless page never loses the focus, so this function simulates that. */
async function closeWindow(page: Page, popup: Page): Promise<void> {
  await page.evaluate(() => {
    document.hasFocus = () => false;
  });
  // The page checks the window four times a second.
  await sleep(600);
  await popup.close();
  await page.bringToFront();
  await page.evaluate(() => {
    document.hasFocus = () => true;
  });
}

const closed = (popup: Page): Promise<void> =>
  vi.waitFor(() => expect(popup.isClosed()).toBe(true), PATIENCE);

/** Moves the focus to the element with the Tab key, checks that the focus shows, and presses Enter. */
async function press(page: Page, selector: string): Promise<void> {
  // The styles have loaded by then.
  await page.waitForFunction(() => document.readyState === "complete", { polling: 20 });
  for (let i = 0; i < 14; i += 1) {
    await page.keyboard.press("Tab");
    if (
      await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)
    ) {
      const outline = await page.evaluate(
        () => getComputedStyle(document.activeElement ?? document.body).outlineStyle,
      );
      expect(outline).toBe("solid");
      return page.keyboard.press("Enter");
    }
  }
  throw new Error(`the keyboard does not reach ${selector}`);
}

function look(page: Page, selector: string): Promise<string | undefined> {
  return page.$eval(selector, (element) =>
    element instanceof HTMLElement ? element.dataset["tone"] : undefined,
  );
}

/** The id of the focused element, and whether its focus ring is visible. */
function focused(page: Page): Promise<{ id: string; ring: boolean }> {
  return page.evaluate(() => {
    const focused = document.activeElement ?? document.body;
    return { id: focused.id, ring: getComputedStyle(focused).outlineStyle !== "none" };
  });
}

/** Requests to the provider since `from`, without those for pictures. */
function askedSince(from: number): string[] {
  return demo.provider.requests.slice(from).filter((line) => !line.includes("/users/"));
}

test("a user logs in, and the page shows the user", async () => {
  const { page, errors } = await signIn();

  expect(await textOf(page, "#user-name")).toBe("Ada Lovelace");
  expect(await textOf(page, "#user-email")).toBe("ada@harbor.example");
  expect(await textOf(page, "#scope")).toMatch(/openid\s+profile\s+email/);
  expect(page.url()).toBe(demo.url);
  await page.waitForFunction(
    () =>
      (document.querySelector("#user-picture")?.shadowRoot?.querySelector("img")?.naturalWidth ??
        0) > 0,
  );
  expect(errors).toEqual([]);
});

test("a reload keeps the session and sends no request to the provider", async () => {
  const { page } = await signIn();
  const name = await textOf(page, "#tab-name");
  const from = demo.provider.requests.length;

  await page.reload();
  await waitForText(page, "#user-name", "Ada Lovelace");

  expect(askedSince(from)).toEqual([]);
  expect(await textOf(page, "#tab-name")).toBe(name);
});

test("another tab has the session without a login page and without a request", async () => {
  const { page } = await signIn();
  const from = demo.provider.requests.length;

  const second = await tabOpenedBy(context, () => page.click("#new-tab"));
  await waitForText(second, "#user-name", "Ada Lovelace");

  expect(askedSince(from)).toEqual([]);
  expect(second.url()).toBe(demo.url);
  expect(await textOf(second, "#activity")).toContain("from storage, without a login page");
  expect(await second.title()).toMatch(/^Tab \w\d · Latchkey demo$/);
});

test("the API returns the user of the token", async () => {
  const { page } = await signIn();

  await page.click("#call-api");
  await waitForText(page, "#api-answer", "200");

  expect(await textOf(page, "#api-answer")).toContain("Ada Lovelace");
  expect((await fetch(`${demo.url}api/me`)).status).toBe(401);
});

const BY_WORKER = "token renewed by the shared worker";
/** The lines of the tab that asked for a refresh. If the worker takes more than a second to respond, the tab itself refreshes. */
const OWN_REFRESHES = [BY_WORKER, "token renewed by this tab"];

test("when the token expires one tab renews it for all, and each tab shows which tab it was", async () => {
  // Long enough for the second tab to open before the refresh.
  demo.provider.setAccessTokenTtl(8);
  const { page } = await signIn();
  const { page: second } = await openTab(context, demo.url);
  await waitForShown(second, "#sign-out");
  demo.provider.setAccessTokenTtl(60);

  const pages = [page, second];
  for (const each of pages) await waitForText(each, "#activity", "token renewed");

  expect(demo.provider.tokenRequests.refreshes).toMatchObject([{ status: 200 }]);
  const names = await Promise.all(pages.map((each) => textOf(each, "#tab-name")));
  const newest = await Promise.all(pages.map(async (each) => (await lines(each))[0]));
  const renewer = newest.findIndex((line) => OWN_REFRESHES.includes(line!));
  expect(renewer).not.toBe(-1);
  const other = pages[1 - renewer]!;
  const isWorker = newest[renewer] === BY_WORKER;
  const by = isWorker ? "the shared worker" : names[renewer]!;
  await waitForText(other, "#activity", `token renewed by ${by}`);
  // If both tabs asked the worker in the same instant, both are tabs that asked.
  const shown = isWorker
    ? [`${BY_WORKER} for ${names[renewer]!}`, BY_WORKER]
    : [`token renewed by ${by}`];
  expect(shown).toContain((await lines(other))[0]);
  const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
  expect(await textOf(other, "#origin")).toBe(isWorker ? "The shared worker" : by);
  const own = newest[renewer]!.replace("token renewed by ", "");
  expect(await textOf(pages[renewer]!, "#origin")).toBe(capital(own));
  for (const each of pages) expect(await textOf(each, "#freshness")).toBe("Fresh");
});

test("a server that is down for a while ends no session", async () => {
  demo.provider.setAccessTokenTtl(3);
  const { page } = await signIn();
  demo.provider.tokenRequests.respondNext(503, { times: 100 });

  await waitForText(page, "#freshness", "Stale", 20_000);
  expect(await textOf(page, "#user-name")).toBe("Ada Lovelace");
  expect(await textOf(page, "#activity")).toContain("still signed in");

  demo.provider.setAccessTokenTtl(60);
  demo.provider.tokenRequests.reset();
  await page.click("#renew");
  await waitForText(page, "#freshness", "Fresh", 30_000);
  expect(OWN_REFRESHES).toContain((await lines(page))[0]);
});

test("after the server has ended a session the page asks for a login, and suggests the user", async () => {
  const { page } = await signIn();
  demo.provider.revokeGrants("ada");

  await page.click("#renew");
  await waitForShown(page, "#sign-in-again");
  expect(await textOf(page, "#expired-text")).toContain("Ada Lovelace");

  demo.provider.endSessions();
  await page.click("#sign-in-again-page");
  await waitForText(page, ".user .tag", "Suggested");
  await chooseAtLogin(page, "ada");
  await waitForText(page, "#user-name", "Ada Lovelace");
});

test("a logout ends the session in every tab and at the provider", async () => {
  const { page } = await signIn();
  const { page: second } = await openTab(context, demo.url);
  await waitForShown(second, "#sign-out");
  await page.bringToFront();
  const from = demo.provider.requests.length;

  await page.click("#sign-out");
  await waitForShown(second, "#sign-in");
  // The local logout comes first. Then the page goes to the provider, which redirects it back.
  await vi.waitFor(() => expect(askedSince(from)).toContain("POST /session/end/confirm"), PATIENCE);
  expect(askedSince(from)).toContain("POST /token/revocation");
  await vi.waitFor(() => expect(page.url()).toBe(demo.url), PATIENCE);
  await waitForShown(page, "#sign-in");
  await page.click("#sign-in-page");
  await page.waitForSelector("button[name=user]", { visible: true });
});

test("a user who cancels on the login page sees a notice", async () => {
  const { page } = await openTab(context, demo.url);
  await waitForShown(page, "#sign-in");
  await page.click("#sign-in-page");
  await cancelLogin(page);

  await waitForShown(page, "#notice");
  expect(await textOf(page, "#notice")).toBe(
    "You are not signed in. You came back without choosing an account.",
  );
  expect(page.url()).toBe(demo.url);
  expect(await look(page, "#notice")).toBe("neutral");
  // The button in the header does not say it a second time.
  await page.waitForSelector("latchkey-button >>> .problem", { hidden: true });
  expect(await lines(page)).toEqual([
    "came back without choosing an account",
    "back from the sign-in page",
    "going to the sign-in page",
  ]);
});

test("a user who presses the browser's Back button sees a notice", async () => {
  const { page } = await openTab(context, demo.url);
  await waitForShown(page, "#sign-in");
  await page.click("#sign-in-page");
  await page.waitForSelector("button[name=user]", { visible: true });
  await page.goBack();

  await waitForText(page, "#notice", "You are not signed in.");
  expect(await textOf(page, "#notice")).toBe(
    "You are not signed in. You came back without choosing an account.",
  );
  expect(await look(page, "#notice")).toBe("neutral");
  expect(await lines(page)).toEqual([
    "came back without choosing an account",
    "going to the sign-in page",
  ]);
  expect(await focused(page)).toEqual({ id: "hero-title", ring: false });
});

test("a user who cancels the login after an ended session sees a notice there", async () => {
  const { page } = await signIn();
  demo.provider.revokeGrants("ada");
  await page.click("#renew");
  await waitForShown(page, "#sign-in-again");
  expect(await focused(page)).toEqual({ id: "expired-title", ring: false });

  demo.provider.endSessions();
  await page.click("#sign-in-again-page");
  await cancelLogin(page);
  await waitForText(page, "#notice", "You came back without choosing an account.");
  await waitForShown(page, "#sign-in-again");
  expect((await lines(page)).slice(0, 2)).toEqual([
    "came back without choosing an account",
    "back from the sign-in page",
  ]);
});

test("every button shows that the user is offline", async () => {
  const { page } = await signIn();
  await page.setOfflineMode(true);

  for (const button of ["#renew", "#call-api"]) {
    await page.click(button);
    await waitForShown(page, "#notice", 30_000);
    expect(await textOf(page, "#notice")).toBe("That did not work. You are offline.");
    expect(await look(page, "#notice")).toBe("problem");
    expect((await lines(page))[0]).toBe("failed: you are offline");
    await page.evaluate(() => document.querySelector("#notice")?.setAttribute("hidden", ""));
  }

  await page.setOfflineMode(false);
  await page.click("#call-api");
  await waitForText(page, "#api-answer", "200");
  await page.waitForSelector("#notice", { hidden: true });
  await page.click("#renew");
  await waitForText(page, "#activity", "token renewed by", 30_000);
});

test("after a login or logout the focus is at the heading, with a ring for the keyboard only", async () => {
  const { page } = await openTab(context, demo.url);
  await waitForShown(page, "#sign-in");
  expect(await focused(page)).toEqual({ id: "", ring: false });

  await page.click("#sign-in-page");
  await chooseAtLogin(page, "ada");
  await waitForShown(page, "#sign-out");
  expect(await focused(page)).toEqual({ id: "user-name", ring: false });

  await page.reload();
  await waitForShown(page, "#sign-out");
  expect(await focused(page)).toEqual({ id: "", ring: false });

  const { page: second } = await openTab(context, demo.url);
  await waitForShown(second, "#sign-out");
  await second.focus("#renew");
  await page.bringToFront();
  // The page navigates to the provider, which redirects it back.
  await Promise.all([
    page.waitForRequest(
      (request) => request.isNavigationRequest() && request.url().split("?")[0] === demo.url,
    ),
    page.click("#sign-out"),
  ]);
  await waitForShown(page, "#sign-in");
  expect(await focused(page)).toEqual({ id: "hero-title", ring: false });
  await waitForShown(second, "#sign-in");
  expect(await focused(second)).toMatchObject({ id: "hero-title" });

  await page.focus("#sign-in-page");
  await page.keyboard.press("Enter");
  await chooseAtLogin(page, "ada");
  await waitForShown(page, "#sign-out");
  expect(await focused(page)).toEqual({ id: "user-name", ring: true });
});

test.for([360, 1280])("the activity list grows, then scrolls visibly, at %i px", async (width) => {
  const { page } = await openTab(context, demo.url, { width, height: 800 });
  await waitForShown(page, "#sign-in");
  const box = (): Promise<{ height: number; scrolls: boolean; more: boolean; stop: boolean }> =>
    page.$eval("#activity-scroll", (element) => ({
      height: element.clientHeight,
      scrolls: element.scrollHeight > element.clientHeight,
      more: element.hasAttribute("data-more"),
      stop: element instanceof HTMLElement && element.tabIndex === 0,
    }));
  const still = { scrolls: false, more: false, stop: false };
  const empty = await box();
  expect(empty).toMatchObject(still);
  expect(empty.height).toBeLessThan(40);

  await page.click("#sign-in-page");
  await chooseAtLogin(page, "grace");
  await waitForShown(page, "#sign-out");
  const few = await box();
  expect(few).toMatchObject(still);
  expect(few.height).toBeGreaterThan(empty.height);

  // These lines appear without user input, so every layout shift that they cause counts.
  const { page: second } = await openTab(context, demo.url);
  await waitForShown(second, "#sign-out");
  await page.bringToFront();
  for (let i = 1; i <= 5; i += 1) {
    // A button that is still busy with the last click accepts no other click.
    await second.waitForFunction(() => document.querySelector("#renew")?.ariaBusy !== "true", {
      polling: 50,
    });
    await second.evaluate(() => document.querySelector<HTMLElement>("#renew")?.click());
    await page.waitForFunction(
      (count) =>
        (document
          .querySelector("#activity")
          ?.textContent.match(/token renewed by (the shared worker for )?Tab/g)?.length ?? 0) >=
        count,
      { polling: 50 },
      i,
    );
  }
  // At 360 px, a line that names the worker and the tab has three rows.
  expect(await jumps(page)).toBeLessThan(0.04);
  expect(await box()).toEqual({ height: 196, scrolls: true, more: true, stop: true });
  expect(await accessibilityProblems(page)).toEqual([]);

  await page.focus("#call-api");
  await page.keyboard.press("Tab");
  expect(await focused(page)).toEqual({ id: "activity-scroll", ring: true });
  const handle = await page.waitForSelector("#activity-scroll");
  const node = await page.accessibility.snapshot({
    interestingOnly: false,
    ...(handle && { root: handle }),
  });
  expect(node).toMatchObject({ role: "log", name: "Activity in this tab" });
  await page.keyboard.press("End");
  await page.waitForSelector("#activity-scroll:not([data-more])");
});

test("a user can log in and call the API with the keyboard", async () => {
  const { page } = await openTab(context, demo.url);
  await waitForShown(page, "#sign-in");

  await press(page, "#sign-in-page");
  await page.waitForSelector("button[name=user]", { visible: true });
  await press(page, "button[name=user][value=grace]");
  await waitForText(page, "#user-name", "Grace Hopper");
  await press(page, "#call-api");
  await waitForText(page, "#api-answer", "Grace Hopper");
});

describe("a login in a window", () => {
  test("succeeds, and the page does not navigate", async () => {
    const { page, errors, requests } = await openTab(context, demo.url);
    await waitForShown(page, "#sign-in");
    const popup = await openWindow(page);
    await waitForShown(page, "#cancel");
    expect(await textOf(page, "#window-title")).toBe("The sign-in window is open");
    expect(await focused(page)).toEqual({ id: "window-title", ring: false });

    await chooseAtLogin(popup, "ada");
    await waitForText(page, "#user-name", "Ada Lovelace");
    await closed(popup);
    expect(await lines(page)).toEqual([
      "signed in as Ada Lovelace in this tab",
      "opened the sign-in window",
    ]);
    expect(await focused(page)).toEqual({ id: "user-name", ring: false });
    expect(requests.to(demo.url).filter((line) => line === `GET ${demo.url}`)).toHaveLength(1);
    expect(await jumps(page)).toBeLessThan(0.02);
    expect(errors).toEqual([]);
  });

  test("works with the keyboard", async () => {
    const { page } = await openTab(context, demo.url);
    await waitForShown(page, "#sign-in");
    const popup = await tabOpenedBy(context, () => press(page, "#sign-in"));
    await popup.waitForSelector("button[name=user]", { visible: true });
    await press(popup, "button[name=user][value=linus]");
    await waitForText(page, "#user-name", "Linus Pauling");
    await closed(popup);
    await page.bringToFront();
    expect(await focused(page)).toEqual({ id: "user-name", ring: true });

    // The page navigates to the provider, which redirects it back.
    await Promise.all([
      page.waitForRequest(
        (request) => request.isNavigationRequest() && request.url().split("?")[0] === demo.url,
      ),
      press(page, "#sign-out"),
    ]);
    await waitForShown(page, "#sign-in");
    const second = await tabOpenedBy(context, () => press(page, "#sign-in"));
    await waitForShown(page, "#cancel");
    await page.bringToFront();
    await press(page, "#cancel");
    await closed(second);
    await waitForShown(page, "#sign-in");
    expect(await focused(page)).toEqual({ id: "hero-title", ring: true });
  });

  test("that the user cancels on the page closes the window, without a notice", async () => {
    const { page } = await openTab(context, demo.url);
    await waitForShown(page, "#sign-in");
    const popup = await openWindow(page);
    await page.bringToFront();
    // The second half of a double click on "Sign in". "Cancel" appears in the place of that button.
    await page.hover("#cancel");
    await page.mouse.down({ clickCount: 2 });
    await page.mouse.up({ clickCount: 2 });
    await waitForShown(page, "#cancel");

    await page.click("#cancel");
    await closed(popup);
    await waitForShown(page, "#sign-in");
    expect(await page.$eval("#notice", (notice) => notice.checkVisibility())).toBe(false);
    expect(await focused(page)).toEqual({ id: "hero-title", ring: false });
    expect(await lines(page)).toEqual(["cancelled the sign-in", "opened the sign-in window"]);
  });

  test("whose window the user closes changes nothing, and the page says so", async () => {
    const { page } = await openTab(context, demo.url);
    await waitForShown(page, "#sign-in");
    const popup = await openWindow(page);
    await closeWindow(page, popup);
    await waitForShown(page, "#notice");
    expect(await textOf(page, "#notice")).toBe(
      "You are not signed in. You closed the window. Nothing was changed.",
    );
    expect(await look(page, "#notice")).toBe("neutral");
    expect(await lines(page)).toEqual(["closed the sign-in window", "opened the sign-in window"]);
    expect(await jumps(page)).toBeLessThan(0.02);

    await page.click("#dismiss");
    await page.waitForSelector("#notice", { hidden: true });
    await chooseAtLogin(await openWindow(page), "grace");
    await waitForText(page, "#user-name", "Grace Hopper");
  });

  test("that the user cancels in the window returns to the page", async () => {
    const { page } = await openTab(context, demo.url);
    await waitForShown(page, "#sign-in");
    const popup = await openWindow(page);
    await cancelLogin(popup);
    await waitForText(page, "#notice", "You came back without choosing an account.");
    await closed(popup);
  });

  test("continues a session that has ended, and suggests the user", async () => {
    const { page } = await signIn();
    demo.provider.revokeGrants("ada");
    await page.click("#renew");
    await waitForShown(page, "#sign-in-again");
    demo.provider.endSessions();

    const popup = await tabOpenedBy(context, () => page.click("#sign-in-again"));
    await waitForText(popup, ".user .tag", "Suggested");
    await waitForShown(page, "#cancel");
    await page.bringToFront();
    await page.click("#cancel");
    await waitForShown(page, "#sign-in-again");

    await chooseAtLogin(await tabOpenedBy(context, () => page.click("#sign-in-again")), "ada");
    await waitForText(page, "#user-name", "Ada Lovelace");
  });

  test("whose window the browser blocks offers a login with the page", async () => {
    const blocking = await launchBrowser({ popupBlocking: true });
    try {
      const { page } = await openTab(blocking.defaultBrowserContext(), demo.url);
      await waitForShown(page, "#sign-in");
      const session = await page.createCDPSession();
      // Calls of Puppeteer count as user activation for five seconds. This click comes from a script after that.
      await session.send("Runtime.evaluate", {
        expression: `new Promise((resolve) => {
          const timer = setInterval(() => {
            if (navigator.userActivation.isActive) return;
            clearInterval(timer);
            resolve(document.querySelector("#sign-in").click());
          }, 50);
        })`,
        userGesture: false,
        awaitPromise: true,
      });
      await waitForShown(page, "#notice");
      expect(await textOf(page, "#notice")).toBe(
        "You are not signed in. Your browser did not open the window. Sign in with a redirect, or allow windows for this site.",
      );
      expect(await look(page, "#notice")).toBe("problem");
      expect(await focused(page)).toMatchObject({ id: "sign-in-page" });

      await page.keyboard.press("Enter");
      await chooseAtLogin(page, "ada");
      await waitForText(page, "#user-name", "Ada Lovelace");
    } finally {
      await blocking.close();
    }
  });
});

describe("two tabs", () => {
  async function openTwo(width?: number): Promise<[page: Page, other: Page, name: string]> {
    const options = width === undefined ? {} : { width };
    const { page } = await openTab(context, demo.url, options);
    const { page: other } = await openTab(context, demo.url, options);
    await waitForShown(page, "#sign-in");
    await waitForShown(other, "#sign-in");
    await page.bringToFront();
    return [page, other, await textOf(page, "#tab-name")];
  }

  test.for([360, 1280])("at %i px show the same state, and which tab changed it", async (width) => {
    const [page, other, name] = await openTwo(width);
    const isMarked = (): Promise<unknown> =>
      other.waitForFunction(() => document.querySelector("#token-card[data-news]") !== null, {
        polling: 20,
      });

    const signedIn = isMarked();
    await chooseAtLogin(await openWindow(page), "ada");
    await waitForText(other, "#activity", `signed in as Ada Lovelace in ${name}`);
    await signedIn;
    expect(await textOf(other, "#user-name")).toBe("Ada Lovelace");
    expect(await textOf(other, "#origin")).toBe(name);
    expect(await accessibilityProblems(other)).toEqual([]);
    await answerRemember(page, "no");
    await other.waitForFunction(() => document.querySelector("[data-news]") === null, {
      polling: 20,
    });

    await page.bringToFront();
    const renewed = isMarked();
    await page.click("#renew");
    await other.waitForFunction(
      (tab) =>
        new RegExp(`token renewed by (the shared worker for )?${tab}`).test(
          document.querySelector<HTMLElement>("#activity")!.innerText,
        ),
      { polling: 50 },
      name,
    );
    await renewed;
    expect(await textOf(other, "#expires-at")).toBe(await textOf(page, "#expires-at"));

    await page.click("#sign-out");
    await waitForText(
      other,
      "#notice",
      `You are signed out. ${name} signed out, and so did every other tab.`,
    );
    await waitForShown(other, "#sign-in");
    expect(await look(other, "#notice")).toBe("neutral");
    expect((await lines(other))[0]).toBe(`signed out in ${name}`);
    expect(await jumps(other)).toBeLessThan(0.03);

    // The page goes to the provider and back, so that a read of the page can fail meanwhile.
    await vi.waitFor(async () => {
      expect(page.url()).toBe(demo.url);
      expect(await lines(page)).toContain("signed out in this tab");
    }, PATIENCE);
    await waitForShown(page, "#sign-in");
  });

  test("close the login window of one tab when the other tab logs in", async () => {
    const [page, other, name] = await openTwo();
    const popup = await openWindow(page);
    await other.bringToFront();
    await other.click("#sign-in-page");
    await chooseAtLogin(other, "grace");
    await waitForText(page, "#user-name", "Grace Hopper");
    await closed(popup);
    expect((await lines(page))[0]).toBe(
      `signed in as Grace Hopper in ${await textOf(other, "#tab-name")}`,
    );
    expect(await textOf(page, "#tab-name")).toBe(name);
  });
});

describe.each([
  { width: 360, dark: false },
  { width: 360, dark: true },
  { width: 1280, dark: false },
  { width: 1280, dark: true },
])("at $width px, dark: $dark", (look) => {
  async function expectGood(page: Page): Promise<void> {
    expect(await accessibilityProblems(page)).toEqual([]);
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth,
    );
    expect(overflow).toBeLessThanOrEqual(0);
  }

  test("the pages are accessible, without overflow or layout shift", async () => {
    const { page } = await openTab(context, demo.url, look);
    await waitForShown(page, "#sign-in");
    await expectGood(page);
    expect(await jumps(page)).toBeLessThan(0.02);

    await page.click("#sign-in-page");
    await page.waitForSelector("button[name=user]", { visible: true });
    await expectGood(page);

    await chooseAtLogin(page, "linus");
    await waitForShown(page, "#sign-out");
    await page.click("#call-api");
    await waitForText(page, "#api-answer", "200");
    await expectGood(page);

    await page.reload();
    await waitForShown(page, "#sign-out");
    expect(await jumps(page)).toBeLessThan(0.02);
  });

  test("so are the login window, and the page while the window is open and after it closes", async () => {
    const { page } = await openTab(context, demo.url, look);
    await waitForShown(page, "#sign-in");
    const popup = await openWindow(page);
    await waitForShown(page, "#cancel");
    await page.bringToFront();
    await expectGood(page);
    await closeWindow(page, popup);
    await waitForShown(page, "#notice");
    await expectGood(page);
    await page.click("#dismiss");
    expect(await jumps(page)).toBeLessThan(0.02);

    const { page: late } = await openTab(context, undefined, { ...look, height: 640 });
    await late.goto(`${demo.url}popup.html?code=c&state=s`);
    await waitForText(late, "h1", "Signing you in");
    await expectGood(late);
    await waitForText(late, "h1", "This sign-in has ended");
    await expectGood(late);
    expect(late.url()).toBe(`${demo.url}popup.html`);
    expect(await jumps(late)).toBeLessThan(0.02);
  });
});
