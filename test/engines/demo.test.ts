import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunningDemo } from "../../demo/server/demo.ts";
import { startBuiltDemo } from "../support/demo.ts";
import type { Engine, EngineTab } from "./engine.ts";
import { launchFirefox } from "./firefox.ts";
import { eventually } from "./life.ts";
import { launchWebKit } from "./webkit.ts";

/** The demo's account picker and device login in other browser engines. */

const ENGINES = { Firefox: launchFirefox, WebKit: launchWebKit };

let demo: RunningDemo;
let engine: Engine;
let profile: string;

beforeEach(async () => {
  demo = await startBuiltDemo({ deviceIntervalSeconds: 1 });
  profile = mkdtempSync(join(tmpdir(), "latchkey-engine-"));
});
afterEach(async () => {
  await engine?.close();
  await demo?.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
});

/** JavaScript that finds an element by its selector, or by `host >>> inside` in a shadow root. */
const find = (selector: string): string => {
  const [host = "", inside] = selector.split(" >>> ");
  const element = `document.querySelector(${JSON.stringify(host)})`;
  return inside === undefined
    ? element
    : `${element}?.shadowRoot?.querySelector(${JSON.stringify(inside)})`;
};

const seen = (tab: EngineTab, selector: string): Promise<void> =>
  eventually(() => tab.run(`return ${find(selector)}?.checkVisibility() === true`));

const says = (tab: EngineTab, selector: string, text: string): Promise<void> =>
  eventually(() =>
    tab.run(`return ${find(selector)}?.textContent.includes(${JSON.stringify(text)}) === true`),
  );

/** Clicks on the element once the element is visible. */
async function press(tab: EngineTab, selector: string): Promise<void> {
  await seen(tab, selector);
  await tab.run(`${find(selector)}.click()`);
}

/** Logs a user in with the page, and chooses to stay signed in. */
async function signIn(tab: EngineTab, sub: string, name: string): Promise<void> {
  // Not `press()`, because the button is hidden while another user is signed in.
  await tab.run(`document.querySelector("#sign-in-page").click()`);
  await press(tab, `button[name=user][value=${sub}]`);
  await says(tab, "#user-name", name);
  await press(tab, "latchkey-remember >>> [part=yes]");
  await seen(tab, `#users-list [data-sub=${sub}]`);
}

/** Chooses a user in the picker. */
async function pick(tab: EngineTab, name: string): Promise<void> {
  await seen(tab, "latchkey-users >>> .user");
  await tab.run(`[...document.querySelector("latchkey-users").shadowRoot.querySelectorAll(".user")]
    .find((row) => row.textContent.includes(${JSON.stringify(name)})).click()`);
}

describe.for(Object.entries(ENGINES))("%s", ([, launch]) => {
  test("the picker switches this tab, and no other tab, to a remembered user", async () => {
    engine = await launch(profile);
    const tab = await engine.open(demo.url);
    await seen(tab, "#sign-in-page");
    await signIn(tab, "ada", "Ada Lovelace");
    await signIn(tab, "grace", "Grace Hopper");
    const other = await engine.open(demo.url);
    await says(other, "#user-name", "Grace Hopper");

    const from = demo.provider.requests.length;
    await press(tab, "#choose-account");
    await pick(tab, "Ada Lovelace");
    await says(tab, "#user-name", "Ada Lovelace");
    await press(tab, "#call-api");
    await says(tab, "#api-answer", "Ada Lovelace");
    await press(other, "#call-api");
    await says(other, "#api-answer", "Grace Hopper");
    const asked = demo.provider.requests.slice(from).filter((line) => !line.includes("/users/"));
    expect(asked).toEqual([]);

    await other.reload();
    await says(other, "#user-name", "Grace Hopper");
  });

  test("a device logs in with the help of another page, and shows the same code after a reload", async () => {
    engine = await launch(profile);
    const tv = await engine.open(`${demo.url}tv`);
    await press(tv, "#tv-sign-in");
    const code = () => tv.run<string>(`return ${find("latchkey-device >>> .code")}.textContent`);
    await seen(tv, "latchkey-device >>> .qr svg");
    const shown = await code();
    await tv.reload();
    await seen(tv, "latchkey-device >>> .qr svg");
    expect(await code()).toBe(shown);

    const link = await tv.run<string>(`return ${find("latchkey-device >>> a")}.href`);
    const phone = await engine.open(link);
    await says(phone, ".code", shown);
    await press(phone, "button[autofocus]");
    await press(phone, "button[name=user][value=linus]");
    await says(phone, "h1", "Your device is connected");
    await says(tv, "#tv-title", "Good evening, Linus");
  });
});
