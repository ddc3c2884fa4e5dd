import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessibilityProblems } from "../support/accessibility.ts";
import { launchBrowser, openTab, type TabOptions } from "../support/browser.ts";
import { startUiPage } from "../support/ui-page.ts";
import type { Scene } from "./ui-page/scenes.ts";

/** The elements in plain HTML, as an app's Vite builds them, under a strict Content Security Policy with Trusted Types. */

let browser: Browser;
let site: Awaited<ReturnType<typeof startUiPage>>;
beforeAll(async () => {
  [site, browser] = await Promise.all([startUiPage(), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await site.close();
});

async function open(options: TabOptions = {}) {
  const tab = await openTab(await browser.createBrowserContext(), undefined, options);
  await tab.page.evaluateOnNewDocument(() => {
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
      console.error(`${violatedDirective} ${blockedURI}`),
    );
  });
  await tab.page.goto(site.url);
  await tab.page.waitForSelector("latchkey-button >>> button");
  const show = async (scene: Scene) => {
    await tab.page.evaluate((name) => window.show(name), scene);
    await tab.page.evaluate(async () => {
      await Promise.all(
        [...document.querySelectorAll("latchkey-button, latchkey-device")].map(
          (element) => (element as HTMLElementTagNameMap["latchkey-button"]).updateComplete,
        ),
      );
      await Promise.all(document.getAnimations().map(({ finished }) => finished));
    });
  };
  const response = () =>
    tab.page.waitForFunction(() => window.response).then((it) => it.jsonValue());
  return { ...tab, show, response };
}

const SCENES: readonly Scene[] = [
  "users",
  "search",
  "refused",
  "remember",
  "waiting",
  "retrying",
  "approved",
  "denied",
  "expired",
  "loading",
  "anonymous",
  "authenticating",
  "authenticated",
  "failed",
  "relogin",
];

test.for([
  { width: 1280, dark: false },
  { width: 360, dark: true },
])(
  "axe reports no problem, and nothing violates the policy: $width, dark: $dark",
  async (options) => {
    const { page, show, errors } = await open(options);
    for (const scene of SCENES) {
      await show(scene);
      if (scene === "authenticated") {
        await page.click("latchkey-button >>> .face");
        await page.waitForSelector("latchkey-button >>> .menu[data-placed]", { visible: true });
      }
      expect([scene, await accessibilityProblems(page)]).toEqual([scene, []]);
      await page.evaluate(() => window.leave());
      if (scene !== "authenticated") await page.keyboard.press("Escape");
    }
    // The policy allows this picture, but it does not exist; the element shows initials.
    const others = errors.filter((line) => !line.includes("https://127.0.0.1:9/jose.png"));
    expect(others).toEqual([]);
    await page.browserContext().close();
  },
);

test("a picture is requested from an https URL only", async () => {
  const { page, show, requests, response } = await open();
  await show("search");
  const ofPictures = () => requests.lines.filter((line) => line.endsWith(".png"));
  await expect.poll(ofPictures).toEqual(["GET https://127.0.0.1:9/jose.png"]);
  await page.keyboard.press("Enter");
  expect(await response()).toEqual({ type: "continue", sub: "person-0" });
  await page.browserContext().close();
});

test("the focus stays in the dialog and returns after it, and Escape dismisses the dialog", async () => {
  const { page, show, response } = await open();
  await page.focus("#before");
  for (const scene of ["users", "search", "waiting"] as const) {
    await show(scene);
    for (const shift of [false, true]) {
      for (let i = 0; i < 20; i++) {
        if (shift) await page.keyboard.down("Shift");
        await page.keyboard.press("Tab");
        if (shift) await page.keyboard.up("Shift");
        const at = await page.evaluate(() => document.activeElement?.localName);
        expect(at).toBe(scene === "waiting" ? "latchkey-device" : "latchkey-users");
      }
    }
    await page.keyboard.press("Escape");
    expect(await response()).toEqual({ type: "dismiss" });
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("before");
  }
  await page.browserContext().close();
});

test("in a right-to-left page every element is mirrored", async () => {
  const { page, show } = await open();
  await page.evaluate(() => (document.documentElement.dir = "rtl"));
  const left = async (selector: string) => {
    const handle = await page.waitForSelector(selector);
    return (await handle!.boundingBox())!.x;
  };
  await show("users");
  expect(await left("latchkey-users >>> .user .avatar")).toBeGreaterThan(
    await left("latchkey-users >>> .user .name"),
  );
  expect(await left("latchkey-users >>> [part=close]")).toBeLessThan(
    await left("latchkey-users >>> h2"),
  );
  await page.keyboard.press("Escape");
  await show("remember");
  expect(await left("latchkey-remember >>> .card")).toBe(16);
  await show("waiting");
  expect(await left("latchkey-device >>> .qr")).toBeGreaterThan(
    await left("latchkey-device >>> .link"),
  );
  expect(await left("latchkey-device >>> .copy")).toBeLessThan(
    await left("latchkey-device >>> .code"),
  );
  expect(
    await page.$eval("latchkey-device >>> .code", (code) => getComputedStyle(code).direction),
  ).toBe("ltr");
  await page.browserContext().close();
});

test("elements are animated unless the user prefers reduced motion", async () => {
  const { page, show } = await open();
  const scenes: Scene[] = ["users", "remember", "waiting", "authenticating", "authenticated"];
  /** The scenes that have an animation in a part or its backdrop. */
  const moving = async () => {
    const found: Scene[] = [];
    for (const scene of scenes) {
      await show(scene);
      if (scene === "authenticated") await page.click("latchkey-button >>> .face");
      const moves = await page.evaluate(() =>
        [...document.body.children, ...document.querySelectorAll("latchkey-button")]
          .flatMap(({ shadowRoot }) => [...(shadowRoot?.querySelectorAll("*") ?? [])])
          .flatMap((part) => [getComputedStyle(part), getComputedStyle(part, "::backdrop")])
          .some(
            ({ animationName, transitionDuration }) =>
              animationName !== "none" || transitionDuration !== "0s",
          ),
      );
      if (moves) found.push(scene);
      await page.evaluate(() => window.leave());
    }
    return found;
  };
  expect(await moving()).toEqual([]);
  await page.evaluate(() => window.show("anonymous"));
  await page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "no-preference" }]);
  expect(await moving()).toEqual(scenes);
  await page.browserContext().close();
});

test("the guide names exactly the parts of each element and the custom properties", async () => {
  const { page, show } = await open();
  await page.evaluate(async () => {
    const avatar = document.createElement("latchkey-avatar");
    avatar.user = { sub: "ada", claims: { sub: "ada" } };
    document.body.append(avatar);
    await avatar.updateComplete;
  });
  const parts: Record<string, Set<string>> = {};
  for (const scene of SCENES) {
    await show(scene);
    const found = await page.evaluate(() =>
      [
        ...document.querySelectorAll(
          "latchkey-avatar, latchkey-users, latchkey-button, latchkey-device, latchkey-remember",
        ),
      ].flatMap(({ localName, shadowRoot }) =>
        [...shadowRoot!.querySelectorAll("[part]")].map((it) => [
          localName,
          it.getAttribute("part")!,
        ]),
      ),
    );
    for (const [name, part] of found) (parts[name!] ??= new Set()).add(part!);
    await page.evaluate(() => window.leave());
    await page.keyboard.press("Escape");
  }
  const guide = await readFile("demo/guides/elements.md", "utf8");
  const stated = [...guide.matchAll(/^\| `<(latchkey-\w+)>`.+\| (`[^|]+`) +\|$/gm)].map(
    ([, name, list]) => [name!, list!.replaceAll("`", "").split(", ").sort()],
  );
  expect(Object.fromEntries(stated)).toEqual(
    Object.fromEntries(Object.entries(parts).map(([name, list]) => [name, [...list].sort()])),
  );

  const folder = "src/ui/styles";
  const styles = await Promise.all(
    (await readdir(folder)).map((file) => readFile(join(folder, file), "utf8")),
  );
  const used = styles.join().matchAll(/--latchkey(-[a-z-]+)/g);
  const [, list] = /`--latchkey(-accent`, (?:`-[a-z-]+`,?\s(?:and\s)?)+)/.exec(guide)!;
  expect(list!.match(/-[a-z][a-z-]+/g)!.sort()).toEqual(
    [...new Set([...used].map(([, name]) => name!))].sort(),
  );
  await page.browserContext().close();
});

test("custom properties and parts of an app style the elements", async () => {
  const { page, show } = await open();
  await show("anonymous");
  await page.evaluate(() => {
    const style = new CSSStyleSheet();
    style.replaceSync(`
      latchkey-button { --latchkey-accent: rgb(10, 100, 20); --latchkey-radius: 0px }
      latchkey-button::part(button) { text-transform: uppercase }`);
    document.adoptedStyleSheets = [style];
  });
  const look = await page.$eval("latchkey-button >>> button", (button) => {
    const { backgroundColor, borderRadius, textTransform } = getComputedStyle(button);
    return { backgroundColor, borderRadius, textTransform };
  });
  expect(look).toEqual({
    backgroundColor: "rgb(10, 100, 20)",
    borderRadius: "0px",
    textTransform: "uppercase",
  });
  await page.browserContext().close();
});
