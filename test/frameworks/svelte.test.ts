import { flushSync, mount, unmount, type ComponentProps } from "svelte";
import { createSubscriber } from "svelte/reactivity";
import { afterEach, beforeEach, expect, test, vi, type Mock } from "vitest";
import type { Auth } from "../../src/core/auth.ts";
import type { TokenTarget } from "../../src/core/token-target.ts";
import type { User } from "../../src/core/user.ts";
import { fakeAuth } from "../../src/testing.ts";
import Account from "./Account.svelte";
import App from "./App.svelte";

/** The warnings of Svelte. */
const complaints: Mock<(...args: unknown[]) => void> = vi.fn();
beforeEach(() => {
  complaints.mockReset();
  vi.spyOn(console, "warn").mockImplementation(complaints);
});
afterEach(() => {
  expect(complaints).not.toHaveBeenCalled();
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

function show(props: ComponentProps<typeof App>) {
  const target = document.body.appendChild(document.createElement("main"));
  const app = mount(App, { target, props });
  flushSync();
  return {
    text: (selector: string) => target.querySelector(selector)?.textContent,
    click: () => target.querySelector("button")!.click(),
    end: async () => {
      await unmount(app);
      // Svelte removes the listeners of a subscriber in the next microtask.
      await Promise.resolve();
    },
  };
}

/** Props whose `target` a test changes. Svelte accepts props with getters. */
function changingTarget(auth: Auth) {
  let target: TokenTarget = {};
  let changed = () => {};
  const track = createSubscriber((update) => {
    changed = update;
  });
  const props = {
    auth,
    get target() {
      track();
      return target;
    },
  };
  const setTarget = (next: TokenTarget) => {
    target = next;
    changed();
  };
  return { props, setTarget };
}

test("state and user follow the auth, also as a store, and unmount removes the listeners", async () => {
  const auth = fakeAuth({ state: "loading" });
  const { text, click, end } = show({ auth });
  expect([text("h1"), text("button"), text("header")]).toEqual(["loading", "loading", "nobody"]);
  flushSync(() => auth.setState({ status: "anonymous", reason: "none" }));
  click();
  expect(auth.calls.login).toHaveLength(1);
  flushSync(() => auth.setUser("ada"));
  expect([text("h1"), text("p"), text("header")]).toEqual(["authenticated", "ada", "ada"]);
  // One listener of the state, one of the user and one of the token.
  expect(auth.listeners).toBe(3);
  await end();
  expect(auth.listeners).toBe(0);
});

test("a user who is already known is shown as soon as the app is mounted", async () => {
  const auth = fakeAuth();
  auth.setUser("ada");
  const { text, end } = show({ auth });
  expect([text("h1"), text("p"), text("header")]).toEqual(["authenticated", "ada", "ada"]);
  await end();
  expect(auth.listeners).toBe(0);
});

test("user is the same object, and updates nothing, until the claims change", async () => {
  const auth = fakeAuth({ state: "loading" });
  const onUser = vi.fn<(user?: User) => void>();
  const { end } = show({ auth, onUser });
  flushSync(() => auth.setUser("ada"));
  // Like a refresh: the same user as another object.
  flushSync(() => auth.setUser("ada", { expiresAt: Date.now() + 900_000 }));
  flushSync(() => auth.setUser("bob"));
  expect(onUser.mock.calls.map(([user]) => user?.sub)).toEqual([undefined, "ada", "bob"]);
  await end();
});

test("useToken() returns a token, the error of a request, and a token of the next user", async () => {
  const auth = fakeAuth();
  const { text, end } = show({ auth });
  expect(text("output")).toBe("loading ");
  await vi.waitFor(() => expect(text("output")).toMatch(/^failed NoTokenError/));
  auth.setUser("ada");
  await vi.waitFor(() => expect(text("output")).toBe("ready token of ada"));
  flushSync(() => auth.setUser("bob"));
  expect(text("output")).not.toContain("ada");
  await vi.waitFor(() => expect(text("output")).toBe("ready token of bob"));
  expect(auth.calls.getToken.every(({ prompt }) => prompt === "none")).toBe(true);
  await end();
  expect(auth.listeners).toBe(0);
});

test("useToken() requests another token when its target changes, and aborts its request on unmount", async () => {
  const auth = fakeAuth();
  auth.setUser("ada");
  auth.setToken(async ({ resource = "default" }) => `for ${resource}`);
  const { props, setTarget } = changingTarget(auth);
  const { text, end } = show(props);
  await vi.waitFor(() => expect(text("output")).toBe("ready for default"));
  auth.setToken(() => new Promise(() => {}));
  flushSync(() => setTarget({ resource: "https://maps.example.com" }));
  await Promise.resolve();
  expect(text("output")).toBe("loading ");
  expect(auth.listeners).toBe(3);
  const { resource, signal } = auth.calls.getToken.at(-1)!;
  expect([resource, signal?.aborted]).toEqual(["https://maps.example.com", false]);
  const asked = auth.calls.getToken.length;
  flushSync(() => setTarget({ resource: "https://maps.example.com" }));
  expect(auth.calls.getToken).toHaveLength(asked);
  await end();
  expect([signal?.aborted, auth.listeners]).toEqual([true, 0]);
});

test("a component without setAuth(), and setAuth() without an auth, throw a ConfigurationError with a hint", () => {
  const target = document.createElement("main");
  expect(() => mount(Account, { target, props: {} })).toThrow(
    expect.objectContaining({ input: "setAuth", hint: expect.stringContaining("setAuth(auth)") }),
  );
  const props = { auth: undefined as unknown as Auth };
  expect(() => mount(App, { target, props })).toThrow(
    expect.objectContaining({ code: "configuration", input: "auth" }),
  );
});
