import { act, useState } from "react";
import { describe, expect, test, vi } from "vitest";
import {
  CancelledError,
  ConfigurationError,
  NetworkError,
  RefreshTokenError,
} from "../../src/core/errors.ts";
import { RequireAuth, useUser } from "../../src/react.ts";
import { fakeAuth } from "../../src/testing.ts";
import { complaints, mount } from "./mount.tsx";

describe("<RequireAuth>", () => {
  test("shows nothing while loading, then a button whose login returns to the current URL", async () => {
    const auth = fakeAuth({ state: "loading" });
    // The page navigates to the login page.
    auth.setLogin(() => new Promise(() => {}));
    const { element } = await mount(auth, <RequireAuth>secret</RequireAuth>);
    expect(element.innerHTML).toBe("");
    await act(async () => auth.setState({ status: "anonymous", reason: "none" }));
    expect(element.textContent).toBe("Sign in");
    expect([auth.calls.login, auth.calls.getToken]).toEqual([[], []]);
    await act(async () => element.querySelector("button")!.click());
    expect(auth.calls.login).toEqual([{ returnTo: location.href }]);
    expect(auth.state.status).toBe("authenticating");
    expect(element.innerHTML).toBe("");
    await act(async () => auth.setUser("ada"));
    expect(element.textContent).toBe("secret");
    await act(async () => auth.setState({ status: "expired", reason: "session_ended" }));
    expect(element.textContent).toBe("Sign in");
    expect(complaints).not.toHaveBeenCalled();
  });

  test("passes a login's error to the fallback in the state, without an unhandled rejection", async () => {
    const auth = fakeAuth();
    const error = new NetworkError("offline");
    auth.setLogin(() => Promise.reject(error));
    const { element } = await mount(
      auth,
      <RequireAuth
        fallback={({ state, login }) => (
          <button type="button" onClick={login}>
            {state.status === "anonymous" && state.error ? state.error.code : "go"}
          </button>
        )}
      >
        secret
      </RequireAuth>,
    );
    expect(element.textContent).toBe("go");
    await act(async () => element.querySelector("button")!.click());
    expect(element.textContent).toBe("network");
  });

  test("says by default why a login did not work, until a login works", async () => {
    const auth = fakeAuth();
    const { element } = await mount(auth, <RequireAuth>secret</RequireAuth>);
    const alert = () => element.querySelector('[role="alert"]')?.textContent ?? "";
    auth.setLogin(() => Promise.reject(new NetworkError("the server is away")));
    await act(async () => element.querySelector("button")!.click());
    expect(alert()).toContain("the server is away");
    auth.setLogin(() => Promise.reject(new CancelledError("the user closed the window")));
    await act(async () => element.querySelector("button")!.click());
    expect(alert()).toBe("");
    auth.setLogin(() => Promise.reject(new NetworkError("still away")));
    await act(async () => element.querySelector("button")!.click());
    await act(async () => auth.setUser("ada"));
    expect(element.textContent).toBe("secret");
    await act(async () => auth.setState({ status: "anonymous", reason: "logged_out" }));
    expect(element.textContent).toBe("Sign in");
    expect(complaints).not.toHaveBeenCalled();
  });

  test("says why a page can never work", async () => {
    const auth = fakeAuth({ state: "loading" });
    const error = new ConfigurationError("secure context", "no https", "Use https.");
    auth.setState({ status: "unavailable", error });
    const { element } = await mount(auth, <RequireAuth>secret</RequireAuth>);
    expect(element.querySelector('[role="alert"]')?.textContent).toContain("no https");
    expect(element.querySelector("button")?.textContent).toBe("Sign in");
  });

  test("gives the fallback the error of an earlier page, and not the end of a session", async () => {
    const auth = fakeAuth({ state: "loading" });
    const error = new NetworkError("offline");
    auth.setState({ status: "anonymous", reason: "login_failed", error });
    const { element } = await mount(
      auth,
      <RequireAuth fallback={({ error }) => <p>{error?.code ?? "fine"}</p>}>secret</RequireAuth>,
    );
    expect(element.textContent).toBe("network");
    const ended = new RefreshTokenError("session_ended");
    await act(async () =>
      auth.setState({ status: "expired", reason: "session_ended", error: ended }),
    );
    expect(element.textContent).toBe("fine");
  });

  test("accepts a node or a function as fallback, and calls onLogin on a click", async () => {
    const auth = fakeAuth();
    const onLogin = vi.fn();
    const { element, render } = await mount(
      auth,
      <RequireAuth fallback={<i>no</i>}>x</RequireAuth>,
    );
    expect(element.innerHTML).toBe("<i>no</i>");
    await render(
      <RequireAuth onLogin={onLogin} fallback={({ login }) => <a onClick={login}>in</a>}>
        x
      </RequireAuth>,
    );
    await act(async () => element.querySelector("a")!.click());
    expect(onLogin.mock.calls).toEqual([[auth]]);
    expect(auth.calls.login).toEqual([]);
    await render(<RequireAuth fallback={null}>x</RequireAuth>);
    expect(element.innerHTML).toBe("");
  });

  test("remounts its children for another user, but not after a refresh", async () => {
    const auth = fakeAuth({ user: "ada" });
    function Note() {
      const [note] = useState(`of ${useUser()?.sub}`);
      return note;
    }
    const guarded = (
      <RequireAuth>
        <Note />
      </RequireAuth>
    );
    const { element } = await mount(auth, guarded);
    const node = element.firstChild;
    await act(async () => auth.setUser("ada", { freshness: "stale", expiresAt: 1 }));
    expect(element.firstChild).toBe(node);
    await act(async () => auth.setUser("bob"));
    expect(element.textContent).toBe("of bob");
  });

  test('login="automatic" calls getToken() once, and aborts the call on unmount', async () => {
    const auth = fakeAuth({ state: "loading" });
    auth.setToken(() => new Promise(() => {}));
    const { element, unmount } = await mount(
      auth,
      <RequireAuth login="automatic">secret</RequireAuth>,
    );
    expect(auth.calls.getToken).toEqual([]);
    await act(async () => auth.setState({ status: "anonymous", reason: "none" }));
    await act(async () => auth.setState({ status: "authenticating" }));
    await act(async () => auth.setState({ status: "anonymous", reason: "none" }));
    expect(auth.calls.getToken).toEqual([{ signal: expect.any(AbortSignal) }]);
    expect(auth.calls.getToken[0]!.signal!.aborted).toBe(false);
    expect(element.textContent).toBe("Sign in");
    await unmount();
    expect(auth.calls.getToken[0]!.signal!.aborted).toBe(true);
  });

  test("aborts the first of two calls when StrictMode mounts it twice", async () => {
    const auth = fakeAuth();
    auth.setToken(() => new Promise(() => {}));
    await mount(auth, <RequireAuth login="automatic">secret</RequireAuth>);
    expect(auth.calls.getToken.map(({ signal }) => signal!.aborted)).toEqual([true, false]);
  });

  test('login="automatic" starts no login after a logout or the end of a session', async () => {
    const auth = fakeAuth({ user: "ada" });
    const { element } = await mount(auth, <RequireAuth login="automatic">secret</RequireAuth>);
    await act(async () => auth.logout());
    expect(element.textContent).toBe("Sign in");
    await act(async () => auth.setUser("ada"));
    await act(async () => auth.setState({ status: "expired", reason: "session_ended" }));
    expect(element.textContent).toBe("Sign in");
    expect(auth.calls.getToken).toEqual([]);
  });
});
