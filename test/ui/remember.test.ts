import { expect, test } from "vitest";
import { userEvent } from "vitest/browser";
import { loginPrompt } from "../../src/ui.ts";
import { ADA, add, all, many, now, one, texts, usePage } from "./support.ts";

usePage();

async function asked(controller = new AbortController(), user = ADA) {
  const before = document.createElement("button");
  document.body.append(before);
  before.focus();
  const element = add("latchkey-remember");
  const response = element.shouldRemember(user, { signal: controller.signal });
  await element.updateComplete;
  return { element, response, before, controller };
}

const isOpen = (element: Element) => all(element, ".card:popover-open").length === 1;

test("announces the question without taking the focus, and returns the user's choice", async () => {
  for (const [part, meaning] of [
    ["yes", true],
    ["no", false],
  ] as const) {
    const { element, response, before } = await asked();
    expect(isOpen(element)).toBe(true);
    expect(document.activeElement).toBe(before);
    expect(texts(element, "[role=status]")).toEqual(["Stay signed in as Ada Lovelace?"]);
    await userEvent.click(one(element, `[part=${part}]`));
    expect(await response).toBe(meaning);
    expect(isOpen(element)).toBe(false);
    await element.updateComplete;
    expect(texts(element, "[role=status]")).toEqual([""]);
    document.body.replaceChildren();
  }
});

test("with `inline`, the card is in the flow of the page, and works as in the corner", async () => {
  for (const [part, meaning] of [
    ["yes", true],
    ["no", false],
  ] as const) {
    const before = add("latchkey-avatar");
    const element = add("latchkey-remember");
    const after = document.createElement("p");
    after.textContent = "after";
    document.body.append(after);
    element.inline = true;
    const response = element.shouldRemember(ADA, { signal: new AbortController().signal });
    await element.updateComplete;
    const card = one(element, ".card").getBoundingClientRect();
    expect(card.top).toBeGreaterThanOrEqual(before.getBoundingClientRect().bottom);
    expect(card.bottom).toBeLessThanOrEqual(after.getBoundingClientRect().top);
    expect(one(element, ".card").getAttribute("role")).toBe("group");
    expect(texts(element, "[role=status]")).toEqual(["Stay signed in as Ada Lovelace?"]);
    await userEvent.click(one(element, `[part=${part}]`));
    expect(await response).toBe(meaning);
    await element.updateComplete;
    expect(all(element, ".card")).toEqual([]);
    document.body.replaceChildren();
  }
});

test("works with the keyboard alone, and restores the focus", async () => {
  const { element, response, before } = await asked();
  await userEvent.keyboard("{Tab}");
  expect(element.shadowRoot!.activeElement).toBe(one(element, "[part=no]"));
  await userEvent.keyboard("{Tab}{Enter}");
  expect(await response).toBe(true);
  expect(document.activeElement).toBe(before);

  const again = element.shouldRemember(ADA, { signal: new AbortController().signal });
  await element.updateComplete;
  await userEvent.keyboard("{Escape}");
  expect(await now(again)).toBe("pending");
  await userEvent.keyboard("{Tab}{Escape}");
  expect(await again).toBe(false);
  expect(document.activeElement).toBe(before);
});

test("returns false when the signal aborts, a second call replaces the first, or the element is removed", async () => {
  const { element, response, controller } = await asked();
  controller.abort();
  expect(await response).toBe(false);
  expect(isOpen(element)).toBe(false);
  expect(await element.shouldRemember(ADA, { signal: controller.signal })).toBe(false);

  const { signal } = new AbortController();
  const first = element.shouldRemember(ADA, { signal });
  const second = element.shouldRemember(ADA, { signal });
  expect(await first).toBe(false);
  element.remove();
  expect(await second).toBe(false);
  await expect(element.shouldRemember(ADA, { signal })).rejects.toMatchObject({
    code: "configuration",
    input: "latchkey-remember",
  });
});

test("loginPrompt() combines two elements into a LoginPrompt", async () => {
  const users = add("latchkey-users");
  const remember = add("latchkey-remember");
  const prompt = loginPrompt({ users, remember });
  const { signal } = new AbortController();
  const choice = prompt.chooseUser(many(1), { signal });
  await users.updateComplete;
  one(users, ".user").click();
  expect(await choice).toEqual({ type: "continue", sub: "s0" });
  const response = prompt.shouldRemember(ADA, { signal });
  await remember.updateComplete;
  one(remember, "[part=yes]").click();
  expect(await response).toBe(true);
});

test.for([
  [" ada@example.com ", "ada@example.com"],
  ["\u200b", "ada"],
  ["\u05d0\u05d3\u05d4 (1)", "\u05d0\u05d3\u05d4 (1)"],
  ["\u202eada", "ada"],
  [undefined, "ada"],
])("D1: the question isolates the name of a user whose email is %j", async ([email, name]) => {
  const user = { sub: " ada", claims: {}, ...(email !== undefined && { email }) };
  const { element, response } = await asked(undefined, user);
  expect(texts(element, "h2 bdi")).toEqual([name]);
  expect(texts(element, "h2")).toEqual([`Stay signed in as ${name}?`]);
  await userEvent.click(one(element, "[part=yes]"));
  expect(await response).toBe(true);
});

test("D1: a question of the app that does not name the user is shown as it is", async () => {
  const element = add("latchkey-remember");
  element.strings = { rememberQuestion: () => "Stay signed in?" };
  void element.shouldRemember(ADA, { signal: new AbortController().signal });
  await element.updateComplete;
  expect(texts(element, "h2")).toEqual(["Stay signed in?"]);
});
