import { afterEach, expect, test } from "vitest";
import { chinese, defineLatchkeyElements, english, german, LatchkeyButton } from "../../src/ui.ts";
import { add, one, texts } from "./support.ts";

afterEach(() => {
  document.body.replaceChildren();
  document.documentElement.removeAttribute("lang");
});

const AUTH = {
  state: { status: "anonymous", reason: "none", since: 0 },
  subscribe: () => () => {},
  login: () => Promise.reject(new Error("not here")),
  logout: () => Promise.resolve({ server: "told" } as const),
} as const;

async function words(html: () => HTMLElementTagNameMap["latchkey-button"]): Promise<string[]> {
  const element = html();
  element.auth = AUTH;
  await element.updateComplete;
  return texts(element, "button");
}

test("importing defines no element; defining twice works and keeps properties that were set before", async () => {
  expect(customElements.get("latchkey-button")).toBeUndefined();
  const early = document.createElement("latchkey-button");
  early.auth = AUTH;
  document.body.append(early);
  defineLatchkeyElements();
  defineLatchkeyElements();
  expect(customElements.get("latchkey-button")).toBe(LatchkeyButton);
  await early.updateComplete;
  expect(texts(early, "button")).toEqual(["Sign in"]);
});

test("uses the language of the nearest `lang` attribute, also after a change and outside of shadow trees", async () => {
  expect(await words(() => add("latchkey-button"))).toEqual(["Sign in"]);
  document.documentElement.lang = "de-AT";
  expect(await words(() => add("latchkey-button"))).toEqual(["Anmelden"]);
  document.documentElement.lang = "fr";
  expect(await words(() => add("latchkey-button"))).toEqual(["Sign in"]);

  const own = add("latchkey-button");
  own.lang = "zh-CN";
  expect(await words(() => own)).toEqual(["登录"]);
  expect(one(own, "button").lang).toBe("zh-Hans");

  const host = document.createElement("div");
  host.lang = "de";
  document.body.append(host);
  const inside = document.createElement("latchkey-button");
  host.attachShadow({ mode: "open" }).append(inside);
  expect(await words(() => inside)).toEqual(["Anmelden"]);
  host.lang = "en";
  await expect.poll(() => texts(inside, "button")).toEqual(["Sign in"]);
});

test("an app can replace one text or all texts", async () => {
  const element = add("latchkey-button");
  element.strings = { signIn: "Log in" };
  expect(await words(() => element)).toEqual(["Log in"]);
  element.strings = german;
  expect(await words(() => element)).toEqual(["Anmelden"]);
});

test("the three languages have the same keys and different texts", () => {
  const keys = Object.keys(english).sort();
  for (const strings of [german, chinese]) {
    expect(Object.keys(strings).sort()).toEqual(keys);
    for (const [name, value] of Object.entries(strings)) {
      if (name === "code" || typeof value !== "string") continue;
      expect([name, value]).not.toEqual([name, english[name as keyof typeof english]]);
    }
  }
  for (const strings of [english, german, chinese]) {
    expect(strings.accountsFound(12)).toContain("12");
    expect(strings.rememberQuestion("Ada")).toContain("Ada");
    expect(strings.accountOf("Ada")).toContain("Ada");
    expect(strings.timeLeft(5, 0)).toContain("5");
    expect(strings.timeLeft(0, 30)).toContain("30");
  }
});
