import { act, useState } from "react";
import { describe, expect, test, vi } from "vitest";
import { NetworkError } from "../../src/core/errors.ts";
import { RequireAuth, useUser } from "../../src/react.ts";
import { fakeAuth } from "../support/fake-auth.ts";
import { complaints, mount } from "./mount.tsx";

describe("<RequireAuth>", () => {
  test("shows nothing while loading, then a button that signs in and comes back here", async () => {
    const auth = fakeAuth();
    const { element } = await mount(auth, <RequireAuth>secret</RequireAuth>);
    expect(element.innerHTML).toBe("");
    await act(async () => auth.publish({ status: "anonymous" }));
    expect(element.textContent).toBe("Sign in");
    expect([auth.logins, auth.asked]).toEqual([[], []]);
    await act(async () => element.querySelector("button")!.click());
    expect(auth.logins).toEqual([{ returnTo: location.href }]);
    await act(async () => auth.publish({ status: "authenticating" }));
    expect(element.innerHTML).toBe("");
    await act(async () => auth.signIn("ada"));
    expect(element.textContent).toBe("secret");
    await act(async () => auth.publish({ status: "expired", reason: "invalid_grant" }));
    expect(element.textContent).toBe("Sign in");
    expect(complaints).not.toHaveBeenCalled();
  });

  test("a login that fails rejects nowhere: the fallback is told by the state", async () => {
    const auth = fakeAuth();
    auth.publish({ status: "anonymous" });
    const error = new NetworkError("offline");
    auth.login = async () => {
      auth.publish({ status: "anonymous", error });
      throw error;
    };
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

  test("a fallback is a node or a function; the click does what onLogin says", async () => {
    const auth = fakeAuth();
    auth.publish({ status: "anonymous" });
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
    expect(auth.logins).toEqual([]);
    await render(<RequireAuth fallback={null}>x</RequireAuth>);
    expect(element.innerHTML).toBe("");
  });

  test("somebody else gets children without a state left over; a refresh leaves them alone", async () => {
    const auth = fakeAuth();
    auth.signIn("ada");
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
    await act(async () => auth.signIn("ada", { freshness: "stale", expiresAt: 1 }));
    expect(element.firstChild).toBe(node);
    await act(async () => auth.signIn("bob"));
    expect(element.textContent).toBe("of bob");
  });

  test('login="automatic" asks for a token once, as a page that needs one does, and leaves when it goes', async () => {
    const auth = fakeAuth();
    auth.response = () => new Promise(() => {});
    const { element, unmount } = await mount(
      auth,
      <RequireAuth login="automatic">secret</RequireAuth>,
    );
    expect(auth.asked).toEqual([]);
    await act(async () => auth.publish({ status: "anonymous" }));
    await act(async () => auth.publish({ status: "authenticating" }));
    await act(async () => auth.publish({ status: "anonymous" }));
    expect(auth.asked).toEqual([{ signal: expect.any(AbortSignal) }]);
    expect(auth.asked[0]!.signal!.aborted).toBe(false);
    expect(element.textContent).toBe("Sign in");
    await unmount();
    expect(auth.asked[0]!.signal!.aborted).toBe(true);
  });

  test("mounted twice by StrictMode, it ends the first call before it is a login", async () => {
    const auth = fakeAuth();
    auth.publish({ status: "anonymous" });
    auth.response = () => new Promise(() => {});
    await mount(auth, <RequireAuth login="automatic">secret</RequireAuth>);
    expect(auth.asked.map(({ signal }) => signal!.aborted)).toEqual([true, false]);
  });

  test('login="automatic" does not send away who signed out here or whose session ended', async () => {
    const auth = fakeAuth();
    auth.signIn("ada");
    const { element } = await mount(auth, <RequireAuth login="automatic">secret</RequireAuth>);
    await act(async () => auth.logout());
    expect(element.textContent).toBe("Sign in");
    await act(async () => auth.signIn("ada"));
    await act(async () => auth.publish({ status: "expired", reason: "invalid_grant" }));
    expect(element.textContent).toBe("Sign in");
    expect(auth.asked).toEqual([]);
  });
});
