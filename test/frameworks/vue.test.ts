import { afterEach, beforeEach, describe, expect, test, vi, type Mock } from "vitest";
import {
  createApp,
  createSSRApp,
  defineComponent,
  effectScope,
  h,
  nextTick,
  ref,
  Suspense,
  watchEffect,
  type Component,
} from "vue";
import { renderToString } from "vue/server-renderer";
import type { Auth } from "../../src/core/auth.ts";
import type { TokenTarget } from "../../src/core/token-target.ts";
import { authPlugin, useAuth, useToken, useUser } from "../../src/vue.ts";
import { fakeAuth } from "../../src/testing.ts";

/** The warnings of Vue. */
const complaints: Mock<(...args: unknown[]) => void> = vi.fn();
beforeEach(() => {
  complaints.mockReset();
  vi.spyOn(console, "warn").mockImplementation(complaints);
  vi.spyOn(console, "error").mockImplementation(complaints);
});
afterEach(() => {
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

function mount(auth: Auth, component: Component) {
  const element = document.body.appendChild(document.createElement("main"));
  const app = createApp(component).use(authPlugin(auth));
  app.mount(element);
  return { element, unmount: () => app.unmount() };
}

const Account = defineComponent(() => {
  const { auth, state } = useAuth();
  return () =>
    state.value.status === "authenticated"
      ? h("p", state.value.user.name)
      : h("button", { onClick: () => auth.login() }, state.value.status);
});

describe("useAuth()", () => {
  test("returns the auth of the plugin and its state after each change, and unsubscribes on unmount", async () => {
    const auth = fakeAuth({ state: "loading" });
    const { element, unmount } = mount(auth, Account);
    expect(element.textContent).toBe("loading");
    auth.setState({ status: "anonymous", reason: "none" });
    await nextTick();
    element.querySelector("button")!.click();
    expect(auth.calls.login).toHaveLength(1);
    auth.setUser("ada");
    await nextTick();
    expect(element.textContent).toBe("ada");
    expect(auth.listeners).toBe(1);
    unmount();
    expect(auth.listeners).toBe(0);
    expect(complaints).not.toHaveBeenCalled();
  });

  test("renders a user who is already known at once", () => {
    const auth = fakeAuth();
    auth.setUser("ada");
    expect(mount(auth, Account).element.textContent).toBe("ada");
  });

  test("is followed by an effect scope of the app, until the scope stops", () => {
    const auth = fakeAuth({ state: "loading" });
    const scope = effectScope();
    const app = createApp(Account).use(authPlugin(auth));
    const { state } = app.runWithContext(() => scope.run(useAuth)!);
    auth.setUser("ada");
    expect(state.value.status).toBe("authenticated");
    scope.stop();
    expect(auth.listeners).toBe(0);
  });
});

test("useUser() returns the same object, and causes no render, until the claims change", async () => {
  const auth = fakeAuth({ state: "loading" });
  let renders = 0;
  const { element } = mount(auth, {
    setup: () => {
      const user = useUser();
      return () => {
        renders += 1;
        return user.value?.sub ?? "nobody";
      };
    },
  });
  expect(element.textContent).toBe("nobody");
  auth.setUser("ada");
  await nextTick();
  expect([element.textContent, renders]).toEqual(["ada", 2]);
  // Like a refresh: the same user as another object.
  auth.setUser("ada", { expiresAt: Date.now() + 900_000 });
  await nextTick();
  expect(renders).toBe(2);
  auth.setUser("bob");
  await nextTick();
  expect([element.textContent, renders]).toEqual(["bob", 3]);
});

describe("useToken()", () => {
  const target = ref<TokenTarget>({});
  const Token = defineComponent(() => {
    const token = useToken(() => target.value);
    return () => {
      const { status, token: text, error } = token.value;
      return h("p", `${status} ${text ?? (error as Error | undefined)?.name ?? ""}`);
    };
  });
  beforeEach(() => {
    target.value = {};
  });

  test("returns a token, the error of a request, and a token of the next user", async () => {
    const auth = fakeAuth();
    const { element, unmount } = mount(auth, Token);
    expect(element.textContent).toBe("loading ");
    await vi.waitFor(() => expect(element.textContent).toMatch(/^failed NoTokenError/));
    auth.setUser("ada");
    await vi.waitFor(() => expect(element.textContent).toBe("ready token of ada"));
    auth.setUser("bob");
    await nextTick();
    expect(element.textContent).not.toContain("ada");
    await vi.waitFor(() => expect(element.textContent).toBe("ready token of bob"));
    expect(auth.calls.getToken.every(({ prompt }) => prompt === "none")).toBe(true);
    unmount();
    expect(auth.listeners).toBe(0);
  });

  test("requests another token when its target changes, and none when the new target is equal", async () => {
    const auth = fakeAuth();
    auth.setUser("ada");
    auth.setToken(async ({ resource = "default" }) => `for ${resource}`);
    const { element } = mount(auth, Token);
    await vi.waitFor(() => expect(element.textContent).toBe("ready for default"));
    target.value = { resource: "https://maps.example.com" };
    await nextTick();
    expect(element.textContent).toBe("loading ");
    await vi.waitFor(() => expect(element.textContent).toBe("ready for https://maps.example.com"));
    const asked = auth.calls.getToken.length;
    target.value = { resource: "https://maps.example.com" };
    await nextTick();
    expect([auth.calls.getToken.length, auth.listeners]).toEqual([asked, 1]);
  });

  test("has no token of the previous target from the moment in which the target changes", async () => {
    const auth = fakeAuth({ user: "ada" });
    auth.setToken(async ({ resource = "default" }) => `token for ${resource}`);
    let token: ReturnType<typeof useToken> | undefined;
    const { unmount } = mount(auth, {
      setup: () => {
        token = useToken(target);
        return () => h("p", token?.value.token);
      },
    });
    await vi.waitFor(() => expect(token?.value.token).toBe("token for default"));
    target.value = { resource: "https://b.example.com" };
    expect(token?.value.status).toBe("loading");
    await vi.waitFor(() => expect(token?.value.token).toBe("token for https://b.example.com"));
    unmount();
  });

  test("aborts its request on unmount", async () => {
    const auth = fakeAuth({ state: "loading" });
    auth.setToken(() => new Promise(() => {}));
    const { unmount } = mount(auth, Token);
    const [{ signal } = {}] = auth.calls.getToken;
    expect(signal?.aborted).toBe(false);
    unmount();
    expect([signal?.aborted, auth.listeners]).toEqual([true, 0]);
  });
});

describe("hydration of a server's HTML", () => {
  /** A page that waits in setup(), as a page does that awaits `auth.getUser()`. */
  const page = (part: Component) => ({
    render: () => h(Suspense, null, { default: () => h({ setup: () => waitAndRender(part) }) }),
  });
  async function waitAndRender(part: Component) {
    await Promise.resolve();
    return () => h(part);
  }
  async function hydrate(part: Component) {
    const element = document.body.appendChild(document.createElement("main"));
    element.innerHTML = await renderToString(
      createSSRApp(page(part)).use(authPlugin(fakeAuth({ state: "loading" }))),
    );
    expect(element.textContent).toBe("loading");
    const auth = fakeAuth({ state: "loading" });
    auth.setUser("ada");
    const app = createSSRApp(page(part)).use(authPlugin(auth));
    app.mount(element);
    await vi.waitFor(() => expect(element.textContent).toBe("ada"));
    app.unmount();
    expect(auth.listeners).toBe(0);
  }

  test("causes no warning on a page that already knows the user", async () => {
    await hydrate(Account);
    expect(complaints).not.toHaveBeenCalled();
  });

  test("causes a warning if a component reads auth.state itself, so the test above can fail", async () => {
    const Wrong = defineComponent(() => {
      const { auth } = useAuth();
      return () =>
        auth.state.status === "authenticated"
          ? h("p", auth.state.user.name)
          : h("button", auth.state.status);
    });
    await hydrate(Wrong);
    expect(complaints.mock.calls.flat().join(" ")).toContain("Hydration");
  });
});

describe("throws a ConfigurationError with a hint", () => {
  // First: Vue still counts as in setup() after a setup() that has thrown.
  test("for a call outside of setup()", () => {
    expect(() => useToken()).toThrow(expect.objectContaining({ input: "setup" }));
  });

  test("for an app without the plugin", () => {
    const app = createApp({ setup: () => (useUser(), () => "page") });
    expect(() => app.mount(document.createElement("main"))).toThrow(
      expect.objectContaining({
        input: "authPlugin",
        hint: expect.stringContaining("app.use(authPlugin(auth))"),
      }),
    );
  });

  test("for a plugin without an auth", () => {
    expect(() => authPlugin(undefined as unknown as Auth)).toThrow(
      expect.objectContaining({ code: "configuration", input: "auth" }),
    );
  });
});

test("an effect reads the state of the next user at once, and never a token of the previous user", async () => {
  const auth = fakeAuth();
  auth.setUser("ada");
  const seen: string[] = [];
  const { unmount } = mount(auth, {
    setup: () => {
      const user = useUser();
      const token = useToken();
      watchEffect(() => void seen.push(`${user.value?.sub}: ${token.value.token ?? "none"}`), {
        flush: "sync",
      });
      return () => null;
    },
  });
  await vi.waitFor(() => expect(seen.at(-1)).toBe("ada: token of ada"));
  auth.setUser("bob");
  await vi.waitFor(() => expect(seen.at(-1)).toBe("bob: token of bob"));
  expect(seen).not.toContain("bob: token of ada");
  unmount();
  expect(auth.listeners).toBe(0);
});

/** A store as Pinia makes it: its setup function runs once, in a detached scope, in the component that uses it first. */
function storeOf<T>(setup: () => T): () => T {
  const scope = effectScope(true);
  let store: T | undefined;
  return () => (store ??= scope.run(setup)!);
}

test.for([true, false])(
  "a store follows the state after its first component is gone (hydrated: %s)",
  async (isHydrated) => {
    const auth = fakeAuth({ user: "ada" });
    const useStore = storeOf(() => useAuth());
    const isFirst = ref(true);
    const page = (tag: string) =>
      defineComponent(() => {
        const { state } = useStore();
        return () => h(tag, state.value.status);
      });
    const [First, Second] = [page("p"), page("b")];
    const element = document.createElement("div");
    if (isHydrated) element.innerHTML = "<main><p>loading</p></main>";
    const Root = defineComponent(() => () => h("main", [h(isFirst.value ? First : Second)]));
    createSSRApp(Root).use(authPlugin(auth)).mount(element);
    await nextTick();
    expect(element.textContent).toBe("authenticated");
    isFirst.value = false;
    await nextTick();
    await auth.logout();
    await nextTick();
    expect(element.textContent).toBe("anonymous");
  },
);

test("HTML that is rendered where a `window` exists, as in jsdom, shows `loading` and leaves no listener", async () => {
  const auth = fakeAuth({ user: "ada" });
  const Page = defineComponent(() => {
    const { state } = useAuth();
    return () => h("p", state.value.status);
  });
  const html = await renderToString(createSSRApp(Page).use(authPlugin(auth)));
  expect([html, auth.listeners]).toEqual(["<p>loading</p>", 0]);
});
