import { expect, test, vi } from "vitest";
import { userEvent } from "vitest/browser";
import type { RoundTrip } from "../../src/core/user-agent.ts";
import type { LatchkeyUsers } from "../../src/ui.ts";
import { add, all, many, now, one, remembered, texts, usePage } from "./support.ts";

usePage();

const { signal } = new AbortController();

async function opened(users = many(3), waits: AbortSignal = signal, current?: string) {
  const element = add("latchkey-users");
  const before = document.createElement("button");
  document.body.append(before);
  before.focus();
  const response = element.chooseUser(users, { signal: waits, current });
  await element.updateComplete;
  return { element, response, before };
}

const initials = (element: Element) =>
  all(element, ".avatar").map(({ dataset }) => dataset["initials"]);
const isOpen = (element: LatchkeyUsers) => all(element, "dialog[open]").length === 1;

test("lists the user that was active last first, and returns the user that is clicked", async () => {
  const users = [
    remembered("old", { lastUsedAt: 1, email: "old@example.com", needsLogin: true }),
    remembered("new", { lastUsedAt: 2 }),
  ];
  const { element, response, before } = await opened(users);
  expect(texts(element, ".name")).toEqual(["Name new", "Name old"]);
  expect(texts(element, ".email")).toEqual(["old@example.com"]);
  expect(texts(element, ".user").map((text) => text.includes("Signed out"))).toEqual([false, true]);
  all(element, ".user")[1]!.click();
  expect(await response).toEqual({ type: "continue", sub: "old" });
  expect(all(element, "dialog")).toEqual([]);
  expect(document.activeElement).toBe(before);
});

test("marks this tab's user, unless that user must log in again", async () => {
  const { element } = await opened(many(3), signal, "s1");
  const marked = () =>
    all(element, ".user[aria-current=true]").map((row) =>
      row.textContent.replace(/\s+/g, " ").trim(),
    );
  expect(marked()).toEqual(["Name s1 This tab"]);
  expect(texts(element, "[part=this-tab]")).toEqual(["This tab"]);

  const users = [remembered("gone", { needsLogin: true }), remembered("here")];
  void element.chooseUser(users, { signal, current: "gone" });
  await element.updateComplete;
  expect(marked()).toEqual([]);
  expect(texts(element, ".mark")).toEqual(["Signed out"]);

  void element.chooseUser(users, { signal });
  await element.updateComplete;
  expect(marked()).toEqual([]);
});

test("the backdrop of the dialog covers the gutter of the scrollbar", async () => {
  const { style } = document.documentElement;
  style.scrollbarGutter = "stable both-edges";
  const { element } = await opened();
  const { width } = getComputedStyle(one(element, "dialog"), "::backdrop");
  style.scrollbarGutter = "";
  expect(Number.parseFloat(width)).toBeGreaterThanOrEqual(window.innerWidth);
});

test("shows the email of a user without a name, and the subject of a user without both", async () => {
  const { element } = await opened([
    { sub: "a", email: "x@example.com", lastUsedAt: 2, needsLogin: false },
    { sub: "b", lastUsedAt: 1, needsLogin: false },
  ]);
  expect(texts(element, ".name")).toEqual(["x@example.com", "b"]);
  expect(texts(element, ".email")).toEqual([]);
  expect(initials(element)).toEqual(["X", "B"]);
});

test("works with the keyboard alone, and keeps the focus inside the dialog", async () => {
  const { element, response } = await opened();
  const at = () => element.shadowRoot!.activeElement;
  const accounts = all(element, ".user");
  expect(at()).toBe(accounts[0]);
  await userEvent.keyboard("{ArrowDown}{ArrowDown}{ArrowDown}");
  expect(at()).toBe(accounts[2]);
  await userEvent.keyboard("{Home}");
  expect(at()).toBe(accounts[0]);
  await userEvent.keyboard("{End}{ArrowUp}");
  expect(at()).toBe(accounts[1]);
  await userEvent.keyboard("{Tab}{Tab}");
  expect(at()).toBe(one(element, ".other"));
  await userEvent.keyboard("{Tab}");
  expect(at()).toBe(one(element, "[part=close]"));
  await userEvent.keyboard("{Shift>}{Tab}{/Shift}");
  expect(at()).toBe(one(element, ".other"));
  await userEvent.keyboard("{Tab}{Tab}{Enter}");
  expect(await response).toEqual({ type: "continue", sub: "s0" });
});

test("Escape, the close button and a click beside the dialog dismiss it and restore the focus", async () => {
  const ways: ((element: LatchkeyUsers) => unknown)[] = [
    () => userEvent.keyboard("{Escape}"),
    (element) => one(element, "[part=close]").click(),
    () => userEvent.click(document.documentElement, { position: { x: 2, y: 2 } }),
  ];
  for (const way of ways) {
    const { element, response, before } = await opened();
    await way(element);
    expect(await response).toEqual({ type: "dismiss" });
    expect(isOpen(element)).toBe(false);
    expect(document.activeElement).toBe(before);
    document.body.replaceChildren();
  }
});

test("a click inside the dialog, or one that began inside, does not dismiss it", async () => {
  const { element, response } = await opened();
  one(element, "h2").click();
  const dialog = one(element, "dialog");
  one(element, "h2").dispatchEvent(
    new PointerEvent("pointerdown", { bubbles: true, composed: true }),
  );
  dialog.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  expect(await now(response)).toBe("pending");
  expect(isOpen(element)).toBe(true);
});

test("an aborted signal closes the dialog and returns dismiss, before and after it is open", async () => {
  const controller = new AbortController();
  const { element, response, before } = await opened(many(2), controller.signal);
  expect(isOpen(element)).toBe(true);
  controller.abort();
  expect(await response).toEqual({ type: "dismiss" });
  expect(isOpen(element)).toBe(false);
  expect(document.activeElement).toBe(before);
  const late = element.chooseUser(many(2), { signal: controller.signal });
  expect(await late).toEqual({ type: "dismiss" });
  await element.updateComplete;
  expect(all(element, "dialog")).toEqual([]);
});

test("a second call dismisses the first, and removing the element dismisses the second", async () => {
  const { element, response } = await opened();
  const second = element.chooseUser(many(2), { signal });
  expect(await response).toEqual({ type: "dismiss" });
  await element.updateComplete;
  expect(isOpen(element)).toBe(true);
  expect(texts(element, ".name")).toHaveLength(2);
  expect(await now(second)).toBe("pending");
  element.remove();
  expect(await second).toEqual({ type: "dismiss" });
  await expect(element.chooseUser(many(2), { signal })).rejects.toMatchObject({
    code: "configuration",
    input: "latchkey-users",
  });
});

test("the late `close` event of one call does not dismiss the next call", async () => {
  const controller = new AbortController();
  const { element } = await opened(many(2), controller.signal);
  const closed = new Promise((resolve) =>
    one(element, "dialog").addEventListener("close", resolve),
  );
  controller.abort();
  await element.updateComplete;
  const next = element.chooseUser(many(2), { signal });
  await closed;
  expect(await now(next)).toBe("pending");
  expect(isOpen(element)).toBe(true);
});

test("opens the round trip in the click on another account, and rejects when that fails", async () => {
  const roundTrip = { redirectUri: "", navigate: vi.fn(), close: vi.fn() } as unknown as RoundTrip;
  const { element, response } = await opened();
  const open = vi.fn(() => roundTrip);
  element.userAgent = { open };
  one(element, ".other").click();
  expect(open).toHaveBeenCalledOnce();
  expect(await response).toEqual({ type: "other", roundTrip });

  const blocked = element.chooseUser(many(1), { signal });
  await element.updateComplete;
  element.userAgent = {
    open: () => {
      throw new Error("blocked");
    },
  };
  one(element, ".other").click();
  await expect(blocked).rejects.toThrow("blocked");
  expect(isOpen(element)).toBe(false);

  element.userAgent = undefined;
  const plain = element.chooseUser(many(1), { signal });
  await element.updateComplete;
  one(element, ".other").click();
  expect(await plain).toEqual({ type: "other" });
});

test("opens the round trip in the click on an account only if that account needs a login", async () => {
  const roundTrip = { redirectUri: "", navigate: vi.fn(), close: vi.fn() } as unknown as RoundTrip;
  const users = [remembered("here"), remembered("gone", { needsLogin: true })];
  const { element, response } = await opened(users);
  const open = vi.fn(() => roundTrip);
  element.userAgent = { open };
  all(element, ".user")
    .find((row) => row.querySelector(".mark"))!
    .click();
  expect(open).toHaveBeenCalledOnce();
  expect(await response).toEqual({ type: "continue", sub: "gone", roundTrip });

  const straight = element.chooseUser(users, { signal });
  await element.updateComplete;
  all(element, ".user")
    .find((row) => !row.querySelector(".mark"))!
    .click();
  expect(await straight).toEqual({ type: "continue", sub: "here" });
  expect(open).toHaveBeenCalledOnce();
});

test("shows a search from ten accounts on, which ignores case and accents", async () => {
  const { element: nine } = await opened(many(9));
  expect(all(nine, "input")).toEqual([]);
  nine.remove();

  const { element, response } = await opened([
    ...many(9),
    remembered("jose", { name: "José Núñez", email: "jn@example.com" }),
  ]);
  const input = one(element, "input") as HTMLInputElement;
  expect(input.getAttribute("aria-label")).toBe("Search accounts");
  const find = async (query: string) => {
    input.focus();
    await userEvent.fill(input, query);
    await element.updateComplete;
    return texts(element, ".name");
  };
  expect(await find("NUNEZ jose")).toEqual(["José Núñez"]);
  expect(await find("jn@")).toEqual(["José Núñez"]);
  expect(await find("name 3")).toEqual(["Name s3"]);
  expect(texts(element, "[role=status]")).toEqual(["1 account"]);
  expect(await find("nobody")).toEqual([]);
  expect(texts(element, "[role=status]")).toEqual(["No account found"]);

  // Escape empties the field first. Enter chooses the only match. Arrow keys move into the list and back.
  await userEvent.keyboard("{Escape}");
  await element.updateComplete;
  expect(texts(element, ".name")).toHaveLength(10);
  expect(await now(response)).toBe("pending");
  await userEvent.keyboard("{ArrowDown}");
  expect(element.shadowRoot!.activeElement).toBe(all(element, ".user")[0]);
  await userEvent.keyboard("{ArrowUp}");
  expect(element.shadowRoot!.activeElement).toBe(input);
  await userEvent.keyboard("{Enter}");
  expect(await now(response)).toBe("pending");
  await find("jn@");
  await userEvent.keyboard("{Enter}");
  expect(await response).toEqual({ type: "continue", sub: "jose" });
});

test("loads pictures from https URLs only, without a referrer", async () => {
  const pictures = [
    "http://127.0.0.1:9/a.png",
    "//127.0.0.1:9/a.png",
    "javascript:alert(1)",
    "data:image/gif;base64,R0lGODlhAQABAAAAACw=",
    "picture.png",
    "",
  ];
  const { element } = await opened(pictures.map((picture, i) => remembered(`p${i}`, { picture })));
  expect(all(element, "img")).toEqual([]);
  element.remove();
  const { element: second } = await opened([
    remembered("p", { picture: "https://127.0.0.1:9/p.png" }),
  ]);
  const image = one(second, "img") as HTMLImageElement;
  expect(image.src).toBe("https://127.0.0.1:9/p.png");
  expect(image.referrerPolicy).toBe("no-referrer");
  // The picture does not load, so the initials show.
  await vi.waitFor(() => expect(image.hidden).toBe(true));
  expect(initials(second)).toEqual(["NP"]);
});

test("loads an http picture only while the page and the picture are on this machine", async () => {
  const picture = `http://${location.hostname}:9/p.png`;
  const { element } = await opened([
    remembered("p", { picture }),
    remembered("q", { picture: "http://pictures.example/q.png" }),
  ]);
  expect((one(element, "img") as HTMLImageElement).src).toBe(picture);
});

test("shows markup in a name as text", async () => {
  const { element } = await opened([remembered("x", { name: "<img src=x onerror=alert(1)>" })]);
  expect(texts(element, ".name")).toEqual(["<img src=x onerror=alert(1)>"]);
  expect(all(element, "img")).toEqual([]);
});

const UNUSUAL: [what: string, more: object, name: string, initials: string][] = [
  ["spaces around the email", { name: undefined, email: " x@example.com\n" }, "x@example.com", "X"],
  ["an empty name", { name: "", email: "x@example.com" }, "x@example.com", "X"],
  ["only zero-width characters", { name: "\u200b\u200d\ufeff", email: "\u2060" }, "odd", "O"],
  [
    "zero-width characters before each word",
    { name: "\u200bAda \u2060Byron" },
    "Ada \u2060Byron",
    "AB",
  ],
  ["an override of the direction", { name: "\u202eecila\u202c" }, "ecila", "E"],
  ["an end of an isolation", { name: "Ada\u2069\u2067 admin" }, "Ada admin", "AA"],
  ["no letters", { name: " --- 42 " }, "--- 42", "-4"],
  ["a lone surrogate", { name: "\ud83d Ada" }, "Ada", "A"],
  [
    "a name before 100,000 invisible characters",
    { name: `Ada${"\u200b".repeat(1e5)}` },
    "Ada",
    "A",
  ],
  [
    "a name with 100,000 invisible characters inside",
    { name: `Ada${"\u200b".repeat(1e5)}Byron` },
    "Ada…",
    "A",
  ],
  ["a very long name", { name: "x".repeat(100_000) }, `${"x".repeat(127)}…`, "X"],
  ["a number as the name", { name: 7, email: { a: 1 } }, "odd", "O"],
  ["a picture that is no URL", { name: "Ada", picture: 7 }, "Ada", "A"],
];
test.for(UNUSUAL)("D1: a user with %s is listed, and so are the others", async (given) => {
  const [, more, name, letters] = given;
  const odd = remembered("odd", { lastUsedAt: 2, ...more });
  const { element, response } = await opened([odd, remembered("other", { lastUsedAt: 1 })]);
  expect(texts(element, ".name bdi")).toEqual([name, "Name other"]);
  expect(initials(element)).toEqual([letters, "NO"]);
  all(element, ".user")[0]!.click();
  expect(await response).toEqual({ type: "continue", sub: "odd" });
});

test.for([" ", "\t\n", "\u200b", "\u2800", "\u202e"])(
  "D1: a user whose sub is %j and who has no name can be chosen",
  async (sub) => {
    const { element, response } = await opened([{ sub, lastUsedAt: 0, needsLogin: false }]);
    expect(texts(element, ".name")).toEqual(["?"]);
    all(element, ".user")[0]!.click();
    expect(await response).toEqual({ type: "continue", sub });
  },
);

test("D1: the search finds a user by the email if the name has no visible character", async () => {
  const odd = remembered("odd", { name: "\u200b", email: " grace@example.com " });
  const { element } = await opened([odd, ...many(12)]);
  const field = one(element, "input") as HTMLInputElement;
  field.value = "GRACE";
  field.dispatchEvent(new Event("input"));
  await element.updateComplete;
  expect(texts(element, ".name")).toEqual(["grace@example.com"]);
});

test("D1: a picker that cannot be rendered rejects, so that getToken() does not wait for ever", async () => {
  const problem = new Error("no text");
  const element = add("latchkey-users");
  element.strings = {
    get chooseAccount(): string {
      throw problem;
    },
  };
  const uncaught = new Promise((resolve) => {
    const listener = (event: PromiseRejectionEvent) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      resolve(event.reason);
    };
    addEventListener("unhandledrejection", listener, { capture: true, once: true });
  });
  await expect(element.chooseUser(many(2), { signal })).rejects.toBe(problem);
  expect(await uncaught).toBe(problem);
});
