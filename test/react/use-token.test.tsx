import { act } from "react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NetworkError, NoTokenError } from "../../src/core/errors.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import type { TokenTarget } from "../../src/core/token-target.ts";
import { useAuth, useToken, type TokenState } from "../../src/react.ts";
import { watchToken } from "../../src/core/watch-token.ts";
import { fakeAuth, type FakeAuth } from "../../src/testing.ts";
import { complaints, mount } from "./mount.tsx";

/** Advances the test's clock. React schedules its work with messages, which stay real. */
const pass = (ms: number) => act(async () => void (await vi.advanceTimersByTimeAsync(ms)));
const signedIn = (sub: string): FakeAuth => {
  const auth = fakeAuth({ state: "loading" });
  auth.setUser(sub);
  return auth;
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Records each rendered result and its user. */
function recorder() {
  const renders: { sub: string | undefined; result: TokenState }[] = [];
  function Token({ target }: { target?: TokenTarget }) {
    const { state } = useAuth();
    const result = useToken(target);
    const sub = state.status === "authenticated" ? state.user.sub : undefined;
    renders.push({ sub, result });
    return result.token ?? result.status;
  }
  return { renders, Token };
}

describe("useToken()", () => {
  test('returns the token, uses prompt "none", and aborts the call of StrictMode\'s first mount', async () => {
    const auth = signedIn("ada");
    const { Token, renders } = recorder();
    const { element } = await mount(auth, <Token />);
    expect(renders[0]!.result).toEqual({ status: "loading" });
    expect(element.textContent).toBe("token of ada");
    expect(auth.calls.getToken.map(({ prompt, cache }) => [prompt, cache])).toEqual([
      ["none", "default"],
      ["none", "default"],
    ]);
    expect(auth.calls.getToken.map(({ signal }) => signal?.aborted)).toEqual([true, false]);
    expect(auth.calls.login).toEqual([]);
    expect(complaints).not.toHaveBeenCalled();
  });

  test("returns the error without a user, and calls again after a login", async () => {
    const auth = fakeAuth({ state: "loading" });
    const { Token, renders } = recorder();
    const { element } = await mount(auth, <Token />);
    await act(async () => auth.setState({ status: "anonymous", reason: "none" }));
    expect(renders.at(-1)!.result).toEqual({ status: "failed", error: expect.any(NoTokenError) });
    const before = auth.calls.getToken.length;
    await pass(600_000);
    expect(auth.calls.getToken).toHaveLength(before);
    await act(async () => auth.setUser("ada"));
    expect(element.textContent).toBe("token of ada");
  });

  test("never renders another user's token, in whatever order the calls resolve", async () => {
    const auth = signedIn("ada");
    const { Token, renders } = recorder();
    const { element } = await mount(auth, <Token />);
    const responses: ((token: string) => void)[] = [];
    auth.setToken(() => new Promise((resolve) => responses.push(resolve)));
    // The call for Ada's next token is pending when Bob logs in.
    await act(async () => auth.setUser("ada", { expiresAt: Date.now() + 900_000 }));
    await pass(1_000);
    await act(async () => auth.setUser("bob"));
    expect(element.textContent).toBe("loading");
    await act(async () => responses[0]!("token of ada, late"));
    expect(element.textContent).toBe("loading");
    await act(async () => responses[1]!("token of bob"));
    expect(element.textContent).toBe("token of bob");
    await act(async () => auth.logout());
    expect(element.textContent).toBe("loading");
    for (const { sub, result } of renders) {
      if (result.token !== undefined) expect(result.token).toContain(`token of ${sub}`);
    }
    expect(responses).toHaveLength(3);
  });

  test("gets the newer token when the state changes, and shows the old one until then", async () => {
    const auth = signedIn("ada");
    const { Token, renders } = recorder();
    const { element } = await mount(auth, <Token />);
    const before = renders.length;
    await act(async () =>
      auth.setUser("ada", { accessToken: "newer", expiresAt: Date.now() + 900_000 }),
    );
    await pass(1_000);
    expect(element.textContent).toBe("newer");
    expect(renders.slice(before).map(({ result }) => result.status)).not.toContain("loading");
  });

  test("calls periodically while mounted, so that tokens are refreshed, and shows no expired token", async () => {
    const auth = signedIn("ada");
    // The fake refreshes no such token: the test does so.
    auth.setUser("ada", { expiresAt: Date.now() + 100_000, isRenewable: false });
    const { Token, renders } = recorder();
    const { element, unmount } = await mount(auth, <Token />);
    const [before, rendered] = [auth.calls.getToken.length, renders.length];
    await pass(90_000);
    expect(auth.calls.getToken.length - before).toBe(3);
    // The same token causes no render.
    expect(renders).toHaveLength(rendered);
    let response: (token: string) => void = () => {};
    auth.setToken(() => new Promise((resolve) => (response = resolve)));
    await pass(9_000);
    expect(element.textContent).toBe("token of ada");
    await pass(1_000);
    expect(element.textContent).toBe("loading");
    await act(async () => response("renewed"));
    expect(element.textContent).toBe("renewed");
    await unmount();
    const after = auth.calls.getToken.length;
    await pass(600_000);
    expect(auth.calls.getToken).toHaveLength(after);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("calls again when the state changed during a call, because the call may return the older token", async () => {
    const auth = signedIn("ada");
    let response: (token: string) => void = () => {};
    auth.setToken(() => new Promise((resolve) => (response = resolve)));
    const { Token } = recorder();
    const { element } = await mount(auth, <Token />);
    await act(async () => auth.setUser("ada", { expiresAt: Date.now() + 900_000 }));
    await act(async () => response("older"));
    auth.setToken(async () => "newer");
    expect(element.textContent).toBe("older");
    await pass(1_000);
    expect(element.textContent).toBe("newer");
  });

  test("tries again by itself after a retryable error, and after no other error", async () => {
    const auth = signedIn("ada");
    const { Token, renders } = recorder();
    auth.setToken(() => Promise.reject(new NetworkError("offline")));
    const { element } = await mount(auth, <Token />);
    expect(renders.at(-1)!.result).toMatchObject({ status: "failed", error: { code: "network" } });
    auth.setToken(async () => "back");
    await pass(30_000);
    expect(element.textContent).toBe("back");
    auth.setToken(() => Promise.reject(new RequestTokenError("no", { hint: "ask for less" })));
    await pass(30_000);
    expect(renders.at(-1)!.result).toMatchObject({ error: { code: "request_token" } });
    const before = auth.calls.getToken.length;
    await pass(300_000);
    expect(auth.calls.getToken).toHaveLength(before);
  });

  test("limits the calls when tokens are expired on arrival, also in two components at once", async () => {
    const auth = signedIn("ada");
    let issued = 0;
    auth.setToken(async () => {
      issued += 1;
      auth.setUser("ada", { accessToken: `t${issued}`, expiresAt: Date.now() + issued / 1_000 });
      return `t${issued}`;
    });
    const { Token } = recorder();
    await mount(
      auth,
      <>
        <Token />
        <Token />
      </>,
    );
    await pass(20_000);
    expect(issued).toBeLessThan(60);
  });

  test("compares the target by value, and drops the token of the previous target", async () => {
    const auth = signedIn("ada");
    auth.setToken(async ({ resource }) => `token for ${resource}`);
    const { Token, renders } = recorder();
    const { element, render } = await mount(
      auth,
      <Token target={{ resource: "a", scope: ["x", "y"] }} />,
    );
    expect(element.textContent).toBe("token for a");
    const before = auth.calls.getToken.length;
    await render(<Token target={{ scope: ["y", "x"], resource: "a" }} />);
    expect(auth.calls.getToken).toHaveLength(before);
    const at = renders.length;
    await render(<Token target={{ resource: "b" }} />);
    expect(element.textContent).toBe("token for b");
    expect(renders.slice(at).map(({ result }) => result.token)).not.toContain("token for a");
    expect(auth.calls.getToken.at(-1)).toMatchObject({ resource: "b", prompt: "none" });
  });

  test("aborts its call and unsubscribes on unmount", async () => {
    const auth = signedIn("ada");
    auth.setToken(() => new Promise(() => {}));
    const { Token } = recorder();
    const { unmount } = await mount(auth, <Token />);
    await unmount();
    expect(auth.calls.getToken.every(({ signal }) => signal?.aborted)).toBe(true);
    expect(auth.listeners).toBe(0);
    expect(complaints).not.toHaveBeenCalled();
  });
});

describe("watchToken()", () => {
  test("returns no token of Ada to a listener that runs earlier when Bob logs in", async () => {
    const auth = signedIn("ada");
    const seen: TokenState[] = [];
    auth.subscribe(() => seen.push(watch.get()));
    const watch = watchToken(auth, {});
    watch.subscribe(() => {});
    await vi.waitFor(() => expect(watch.get().token).toBe("token of ada"));
    auth.setUser("bob");
    expect(seen).toEqual([{ status: "loading" }]);
  });

  test("drops its token when the last listener unsubscribes", async () => {
    const auth = signedIn("ada");
    const watch = watchToken(auth, {});
    const unsubscribe = watch.subscribe(() => {});
    await vi.waitFor(() => expect(watch.get().token).toBe("token of ada"));
    unsubscribe();
    expect(watch.get()).toEqual({ status: "loading" });
  });
});
