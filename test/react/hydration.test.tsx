import { act, lazy, StrictMode, Suspense, type ReactNode } from "react";
import { hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server.browser";
import { describe, expect, test, vi } from "vitest";
import type { Auth } from "../../src/core/auth.ts";
import { AuthProvider, RequireAuth, useAuth, useToken, useUser } from "../../src/react.ts";
import { fakeAuth } from "../../src/testing.ts";
import { complaints } from "./mount.tsx";

function Everything() {
  const { state } = useAuth();
  return (
    <p>
      {state.status} {useUser()?.sub ?? "nobody"} {useToken().token ?? "no token"}
    </p>
  );
}
const app = (auth: Auth, children: ReactNode) => (
  <StrictMode>
    <AuthProvider auth={auth}>{children}</AuthProvider>
  </StrictMode>
);
const page = (
  <>
    <Everything />
    <RequireAuth fallback="please wait">secret</RequireAuth>
  </>
);

/** Hydrates the HTML of a server with `client`. */
async function hydrate(html: string, client: ReactNode) {
  const element = document.body.appendChild(document.createElement("main"));
  element.innerHTML = html;
  const onRecoverableError = vi.fn();
  const root = await act(async () => hydrateRoot(element, client, { onRecoverableError }));
  return { element, root, onRecoverableError };
}

describe("hydration of a server's HTML", () => {
  test("causes no warning on a page that already knows the logged-in user", async () => {
    const html = renderToString(app(fakeAuth({ state: "loading" }), page));
    expect(html).toContain("please wait");
    const auth = fakeAuth({ user: "ada" });
    const { element, root, onRecoverableError } = await hydrate(html, app(auth, page));
    expect(element.textContent).toBe("authenticated ada token of adasecret");
    expect(onRecoverableError).not.toHaveBeenCalled();
    expect(complaints).not.toHaveBeenCalled();
    await act(async () => root.unmount());
    expect(auth.listeners).toBe(0);
  });

  test("starts from `loading`, because a server renders no user even with a logged-in auth", () => {
    const auth = fakeAuth({ user: "ada" });
    const html = renderToString(app(auth, page));
    expect(html).toBe(renderToString(app(fakeAuth({ state: "loading" }), page)));
    expect([auth.calls.getToken, auth.listeners]).toEqual([[], 0]);
  });

  test("keeps the HTML of a part that hydrates later while the state changes", async () => {
    const html = renderToString(
      app(
        fakeAuth({ state: "loading" }),
        <Suspense fallback="spinner">
          <Everything />
        </Suspense>,
      ),
    );
    let arrive: () => void = () => {};
    const Late = lazy(
      () =>
        new Promise<{ default: typeof Everything }>((resolve) => {
          arrive = () => resolve({ default: Everything });
        }),
    );
    const auth = fakeAuth({ state: "loading" });
    const { element, root, onRecoverableError } = await hydrate(
      html,
      app(
        auth,
        <Suspense fallback="spinner">
          <Late />
        </Suspense>,
      ),
    );
    const paragraph = element.querySelector("p")!;
    await act(async () => auth.setUser("ada"));
    expect(element.textContent).toBe("loading nobody no token");
    await act(async () => arrive());
    expect(element.textContent).toBe("authenticated ada token of ada");
    expect(element.querySelector("p")).toBe(paragraph);
    expect(onRecoverableError).not.toHaveBeenCalled();
    expect(complaints).not.toHaveBeenCalled();
    await act(async () => root.unmount());
  });
});

test("a component that suspends before its first render requests no token until it is shown", async () => {
  const auth = fakeAuth({ user: "ada" });
  let arrive: () => void = () => {};
  const Late = lazy(
    () =>
      new Promise<{ default: () => string }>((resolve) => {
        arrive = () => resolve({ default: () => "here" });
      }),
  );
  const Waiting = () => (
    <>
      {useToken().status} <Late />
    </>
  );
  const { element, root } = await hydrate(
    "",
    app(
      auth,
      <Suspense fallback="spinner">
        <Waiting />
      </Suspense>,
    ),
  );
  expect(element.textContent).toBe("spinner");
  expect([auth.calls.getToken, auth.listeners]).toEqual([[], 0]);
  await act(async () => arrive());
  expect(element.textContent).toBe("ready here");
  await act(async () => root.unmount());
  expect(auth.listeners).toBe(0);
});
