import { expect, test, vi } from "vitest";
import { userEvent } from "vitest/browser";
import type { LogoutResult } from "../../src/core/auth-options.ts";
import type { AuthState } from "../../src/core/auth-state.ts";
import { CancelledError, ConfigurationError, NetworkError } from "../../src/core/errors.ts";
import { AuthorizationError, PopupBlockedError } from "../../src/core/protocol-errors.ts";
import { ADA, add, all, one, texts, usePage } from "./support.ts";

usePage();

const SIGNED_IN: AuthState = {
  status: "authenticated",
  reason: "stored",
  since: 0,
  user: ADA,
  freshness: "fresh",
  token: { scope: [], expiresAt: 0, origin: "stored", isRenewable: true },
};

function fakeAuth(state: AuthState) {
  const listeners = new Set<() => void>();
  const auth = {
    state,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    login: vi.fn(async () => ADA),
    logout: vi.fn(async (): Promise<LogoutResult> => ({ server: "told" })),
  };
  const become = (next: AuthState) => {
    auth.state = next;
    for (const listener of listeners) listener();
  };
  return { auth, become, listeners };
}

async function shown(state: AuthState) {
  const fake = fakeAuth(state);
  const element = add("latchkey-button");
  element.auth = fake.auth;
  await element.updateComplete;
  return { element, ...fake };
}

test("shows a placeholder, sign in, busy, the avatar or sign in again, depending on the state", async () => {
  const { element, become } = await shown({ status: "loading", since: 0 });
  expect(all(element, "button")).toEqual([]);
  expect(all(element, "[aria-busy=true]")).toHaveLength(1);
  become({ status: "anonymous", reason: "none", since: 0 });
  await element.updateComplete;
  expect(texts(element, "button")).toEqual(["Sign in"]);
  become({ status: "authenticating", since: 0 });
  await element.updateComplete;
  expect(texts(element, "button")).toEqual(["Signing in…"]);
  expect(one(element, "button").getAttribute("aria-disabled")).toBe("true");
  become(SIGNED_IN);
  await element.updateComplete;
  expect(one(element, ".face").getAttribute("aria-label")).toBe("Account: Ada Lovelace");
  become({ status: "expired", reason: "session_ended", since: 0 });
  await element.updateComplete;
  expect(texts(element, "button")).toEqual(["Sign in again"]);
});

test("passes the app's login options, and an expired user's email as login hint", async () => {
  const { element, auth, become } = await shown({ status: "anonymous", reason: "none", since: 0 });
  element.loginOptions = { returnTo: "/orders" };
  one(element, "button").click();
  expect(auth.login).toHaveBeenLastCalledWith({ returnTo: "/orders" });
  become({ status: "expired", reason: "session_ended", user: ADA, since: 0 });
  await element.updateComplete;
  one(element, "button").click();
  expect(auth.login).toHaveBeenLastCalledWith({
    returnTo: "/orders",
    loginHint: "ada@example.com",
  });
});

test("fires latchkey-error with the error of a failed login", async () => {
  const { element, auth } = await shown({ status: "anonymous", reason: "none", since: 0 });
  const failed = new Promise((resolve) =>
    element.addEventListener("latchkey-error", (event) => resolve((event as CustomEvent).detail)),
  );
  auth.login.mockRejectedValue(new Error("blocked"));
  one(element, "button").click();
  expect(await failed).toMatchObject({ message: "blocked" });
});

test("the menu shows name, email, the app's items and sign out, and works with the keyboard alone", async () => {
  const { element, auth, become } = await shown(SIGNED_IN);
  const item = document.createElement("a");
  item.href = "#settings";
  element.append(item);
  const isOpen = () => one(element, ".menu").matches(":popover-open");
  const expanded = () => one(element, ".face").getAttribute("aria-expanded");
  expect([isOpen(), expanded()]).toEqual([false, "false"]);
  await userEvent.keyboard("{Tab}{Enter}");
  await vi.waitFor(() => expect([isOpen(), expanded()]).toEqual([true, "true"]));
  expect(texts(element, ".menu .name")).toEqual(["Ada Lovelace"]);
  expect(texts(element, ".menu .email")).toEqual(["ada@example.com"]);
  await userEvent.keyboard("{Tab}");
  expect(document.activeElement).toBe(item);
  await userEvent.keyboard("{Tab}");
  expect(element.shadowRoot!.activeElement).toBe(one(element, ".item"));
  await userEvent.keyboard("{Escape}");
  await vi.waitFor(() => expect([isOpen(), expanded()]).toEqual([false, "false"]));
  expect(element.shadowRoot!.activeElement).toBe(one(element, ".face"));

  element.logoutOptions = { endSession: "none" };
  await userEvent.keyboard("{Enter}{Tab}{Tab}{Enter}");
  expect(auth.logout).toHaveBeenCalledWith({ endSession: "none" });
  become({ status: "anonymous", reason: "none", since: 0 });
  await element.updateComplete;
  expect(element.shadowRoot!.activeElement).toBe(one(element, "button"));
});

test("B5: a logout that the server was not told about fires latchkey-error", async () => {
  const { element, auth } = await shown(SIGNED_IN);
  const error = new NetworkError("the server was not told");
  const errors: unknown[] = [];
  element.addEventListener("latchkey-error", ({ detail }: CustomEventInit) => errors.push(detail));
  one(element, ".item").click();
  await vi.waitFor(() => expect(auth.logout).toHaveBeenCalledTimes(1));
  expect(errors).toEqual([]);
  auth.logout.mockResolvedValueOnce({ server: "not_told", error });
  one(element, ".item").click();
  await vi.waitFor(() => expect(errors).toEqual([error]));
});

test("a sign-in that does not work says why, in the page's language and for screen readers", async () => {
  const { element, auth, become } = await shown({ status: "anonymous", reason: "none", since: 0 });
  const problem = () => all(element, '.problem[role="alert"]').map((one) => one.textContent.trim());
  expect(problem()).toEqual([]);
  auth.login.mockRejectedValueOnce(new PopupBlockedError());
  one(element, "button").click();
  await vi.waitFor(() =>
    expect(problem()).toEqual([
      "Your browser blocked the sign-in window. Allow windows for this site.",
    ]),
  );
  element.lang = "de";
  element.requestUpdate();
  await element.updateComplete;
  expect(problem()[0]).toContain("Der Browser hat das Anmeldefenster blockiert");
  // A user who cancels a login knows why.
  auth.login.mockRejectedValueOnce(new CancelledError("closed"));
  one(element, "button").click();
  await vi.waitFor(() => expect(problem()).toEqual([]));
  // A login that works ends the text, also after the next logout.
  auth.login.mockRejectedValueOnce(new NetworkError("offline"));
  one(element, "button").click();
  await vi.waitFor(() => expect(problem()).toHaveLength(1));
  become(SIGNED_IN);
  await element.updateComplete;
  become({ status: "anonymous", reason: "logged_out", since: 0 });
  await element.updateComplete;
  expect(problem()).toEqual([]);
});

test("a login that failed on an earlier page, and a page that can never work, say why", async () => {
  const error = new NetworkError("offline");
  const { element, auth, become } = await shown({
    status: "anonymous",
    reason: "login_failed",
    error,
    since: 0,
  });
  expect(texts(element, ".problem")).toEqual([
    "No connection to the sign-in server. Try again later.",
  ]);
  const refused = new AuthorizationError({ error: "access_denied" }, "Log in again.");
  become({ status: "anonymous", reason: "login_failed", error: refused, since: 0 });
  await element.updateComplete;
  expect(texts(element, ".problem")).toEqual(["The sign-in did not work (access_denied)."]);
  const unavailable = new ConfigurationError("secure context", "no https", "Use https.");
  become({ status: "unavailable", error: unavailable, since: 0 });
  await element.updateComplete;
  auth.login.mockRejectedValueOnce(unavailable);
  one(element, "button").click();
  await vi.waitFor(() =>
    expect(texts(element, ".problem")).toEqual(["The sign-in did not work (configuration)."]),
  );
});

test("the menu is inside the window and below its button, with ltr and rtl text", async () => {
  for (const dir of ["ltr", "rtl"]) {
    const { element } = await shown(SIGNED_IN);
    document.body.dir = dir;
    element.style.position = "fixed";
    element.style.insetBlockStart = "10px";
    element.style.left = dir === "ltr" ? "300px" : "60px";
    one(element, ".face").click();
    const menu = one(element, ".menu");
    // The menu is invisible until it has its position.
    expect([menu.style.top, getComputedStyle(menu).opacity]).toEqual(["", "0"]);
    await vi.waitFor(() => expect(menu.style.top).not.toBe(""));
    await Promise.all(menu.getAnimations().map(({ finished }) => finished));
    expect(getComputedStyle(menu).opacity).toBe("1");
    const box = menu.getBoundingClientRect();
    const face = one(element, ".face").getBoundingClientRect();
    expect(box.top).toBeCloseTo(face.bottom + 8, 0);
    if (dir === "ltr") expect(box.right).toBeCloseTo(Math.max(face.right, 8 + box.width), 0);
    else expect(box.left).toBeCloseTo(face.left, 0);
    expect(box.left).toBeGreaterThanOrEqual(8);
    element.remove();
    document.body.removeAttribute("dir");
  }
});

test("subscribes to one Auth at a time, and only while the element is in the page", async () => {
  const { element, listeners, become } = await shown({
    status: "anonymous",
    reason: "none",
    since: 0,
  });
  expect(listeners.size).toBe(1);
  element.remove();
  expect(listeners.size).toBe(0);
  become(SIGNED_IN);
  document.body.append(element);
  expect(listeners.size).toBe(1);
  await element.updateComplete;
  expect(all(element, ".face")).toHaveLength(1);
  const other = fakeAuth({ status: "anonymous", reason: "none", since: 0 });
  element.auth = other.auth;
  await element.updateComplete;
  expect([listeners.size, other.listeners.size]).toEqual([0, 1]);
  expect(texts(element, "button")).toEqual(["Sign in"]);
});

test.for([
  [{ sub: " ada " }, "ada", "A"],
  [{ sub: "1", email: " " }, "1", "1"],
  [{ sub: "1", name: "\u2060", email: "\tada@example.com" }, "ada@example.com", "A"],
  [{ sub: "1", name: "\u202eada" }, "ada", "A"],
  [{ sub: " " }, "?", "?"],
] as const)("D1: shows the menu of the user %j", async ([user, name, letter]) => {
  const { element } = await shown({ ...SIGNED_IN, user: { ...user, claims: {} } });
  expect(texts(element, ".name bdi")).toEqual([name]);
  expect(one(element, ".face").getAttribute("aria-label")).toBe(`Account: ${name}`);
  expect(one(element, ".face .avatar").dataset["initials"]).toBe(letter);
});

test("D1: the login of an expired user has a login hint without spaces at its ends", async () => {
  const expired = { status: "expired", reason: "session_ended", since: 0 } as const;
  const user = { ...ADA, email: " ada@example.com " };
  const { element, auth, become } = await shown({ ...expired, user });
  one(element, "button").click();
  expect(auth.login).toHaveBeenLastCalledWith({ loginHint: "ada@example.com" });
  become({ ...expired, user: { ...user, email: " " } });
  await element.updateComplete;
  one(element, "button").click();
  expect(auth.login).toHaveBeenLastCalledWith({});
});
