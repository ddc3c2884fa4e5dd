import { act, Component, useEffect, type ComponentType, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { describe, expect, test, vi } from "vitest";
import type { Auth } from "../../src/core/auth.ts";
import type { User } from "../../src/core/user.ts";
import { AuthProvider, RequireAuth, useAuth, useToken, useUser } from "../../src/react.ts";
import { fakeAuth } from "../../src/testing.ts";
import { complaints, mount } from "./mount.tsx";

describe("useAuth()", () => {
  test("returns the provider's auth, and its state after each change", async () => {
    const auth = fakeAuth({ state: "loading" });
    const given = new Set<Auth>();
    function Status() {
      const { auth, state } = useAuth();
      given.add(auth);
      return state.status === "authenticated" ? state.user.name : state.status;
    }
    const { element } = await mount(auth, <Status />);
    expect(element.textContent).toBe("loading");
    await act(async () => auth.setState({ status: "anonymous", reason: "none" }));
    expect(element.textContent).toBe("anonymous");
    await act(async () => auth.setUser("ada"));
    expect(element.textContent).toBe("ada");
    expect([...given]).toEqual([auth]);
    expect(complaints).not.toHaveBeenCalled();
  });

  test("subscribes once under StrictMode and across renders, and only while it is mounted", async () => {
    const auth = fakeAuth({ state: "loading" });
    const subscribe = vi.spyOn(auth, "subscribe");
    const Status = () => useAuth().state.status;
    const { render, unmount } = await mount(auth, <Status />);
    expect(auth.listeners).toBe(1);
    const before = subscribe.mock.calls.length;
    await render(<Status />);
    await act(async () => auth.setUser("ada"));
    expect(subscribe).toHaveBeenCalledTimes(before);
    await unmount();
    expect(auth.listeners).toBe(0);
  });

  test("switches to the new auth when the provider gets another one", async () => {
    const [one, two] = [fakeAuth({ state: "loading" }), fakeAuth({ state: "loading" })];
    one.setUser("ada");
    two.setUser("bob");
    const Status = () => useUser()?.sub;
    const { element, render } = await mount(one, <Status />);
    expect(element.textContent).toBe("ada");
    await render(
      <AuthProvider auth={two}>
        <Status />
      </AuthProvider>,
    );
    expect(element.textContent).toBe("bob");
    expect([one.listeners, two.listeners]).toEqual([0, 1]);
  });
});

describe("useUser()", () => {
  test("returns the same object, and causes no render, until the claims change", async () => {
    const auth = fakeAuth({ state: "loading" });
    let renders = 0;
    const effects: (User | undefined)[] = [];
    function Who() {
      const user = useUser();
      renders += 1;
      useEffect(() => void effects.push(user), [user]);
      return user?.sub ?? "nobody";
    }
    const { element } = await mount(auth, <Who />);
    expect(element.textContent).toBe("nobody");
    await act(async () => auth.setUser("ada"));
    expect(element.textContent).toBe("ada");
    const [rendersBefore, effectsBefore] = [renders, effects.length];
    // Like a refresh: the same user as another object.
    await act(async () => auth.setUser("ada", { expiresAt: Date.now() + 900_000 }));
    expect([renders, effects.length]).toEqual([rendersBefore, effectsBefore]);
    await act(async () => auth.setUser("bob"));
    expect(element.textContent).toBe("bob");
    await act(async () => auth.setState({ status: "expired", reason: "session_ended" }));
    expect(element.textContent).toBe("nobody");
    expect(effects.slice(effectsBefore).map((user) => user?.sub)).toEqual(["bob", undefined]);
  });
});

describe("throws a ConfigurationError with a hint", () => {
  class Boundary extends Component<{ onError(error: unknown): void; children: ReactNode }> {
    override state = { failed: false };
    static getDerivedStateFromError() {
      return { failed: true };
    }
    override componentDidCatch(error: unknown) {
      this.props.onError(error);
    }
    override render() {
      return this.state.failed ? null : this.props.children;
    }
  }
  async function failureOf(children: ReactNode): Promise<unknown> {
    const onError = vi.fn<(error: unknown) => void>();
    const root = createRoot(document.createElement("div"));
    await act(async () => root.render(<Boundary onError={onError}>{children}</Boundary>));
    await act(async () => root.unmount());
    return onError.mock.calls[0]?.[0];
  }

  const users: Record<string, ComponentType> = {
    useAuth: () => useAuth().state.status,
    useUser: () => useUser()?.sub,
    useToken: () => useToken().token,
    RequireAuth: () => <RequireAuth>children</RequireAuth>,
  };
  test.for(Object.entries(users))("for %s without a provider", async ([, Use]) => {
    expect(await failureOf(<Use />)).toMatchObject({
      name: "ConfigurationError",
      code: "configuration",
      input: "AuthProvider",
      hint: expect.stringContaining("<AuthProvider auth={auth}>"),
    });
  });

  test("for a provider without an auth", async () => {
    const nothing = undefined as unknown as Auth;
    expect(await failureOf(<AuthProvider auth={nothing}>children</AuthProvider>)).toMatchObject({
      code: "configuration",
      input: "auth",
      hint: expect.stringContaining("createAuth()"),
    });
  });
});
