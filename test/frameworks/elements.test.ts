import { act, createElement } from "react";
import { createRoot } from "react-dom/client";
import { mount, unmount } from "svelte";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { createApp, h } from "vue";
import type { Auth } from "../../src/core/auth.ts";
import { defineLatchkeyElements } from "../../src/ui.ts";
import { fakeAuth } from "../../src/testing.ts";
import SignIn from "./SignIn.svelte";

beforeAll(defineLatchkeyElements);

interface Use {
  readonly auth: Auth;
  readonly onError: (event: Event) => void;
}

/** Renders an element with a property, an event and a child in each framework. Returns a function that removes it. */
const FRAMEWORKS: Readonly<
  Record<string, (target: HTMLElement, use: Use) => Promise<() => unknown>>
> = {
  React: async (target, { auth, onError }) => {
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
    const root = createRoot(target);
    const props = { auth, "onlatchkey-error": onError };
    await act(async () => root.render(createElement("latchkey-button", props, "Settings")));
    return () => act(async () => root.unmount());
  },
  Svelte: async (target, props) => {
    const component = mount(SignIn, { target, props });
    return () => unmount(component);
  },
  Vue: async (target, { auth, onError }) => {
    const app = createApp({
      render: () => h("latchkey-button", { auth, "onLatchkey-error": onError }, "Settings"),
    });
    app.mount(target);
    return () => app.unmount();
  },
};

describe.for(Object.entries(FRAMEWORKS))("%s", ([, show]) => {
  test("passes an element its auth, its event listener and its children, and removes it", async () => {
    const auth = fakeAuth({ state: "loading" });
    auth.setState({ status: "anonymous", reason: "none" });
    const failure = new Error("blocked");
    vi.spyOn(auth, "login").mockRejectedValue(failure);
    const onError = vi.fn<(event: Event) => void>();
    const target = document.body.appendChild(document.createElement("main"));
    const end = await show(target, { auth, onError });
    const element = target.querySelector("latchkey-button")!;
    await element.updateComplete;
    expect(element.auth).toBe(auth);
    expect(auth.listeners).toBe(1);
    element.shadowRoot!.querySelector("button")!.click();
    await vi.waitFor(() => expect(onError).toHaveBeenCalledOnce());
    expect((onError.mock.calls[0]![0] as CustomEvent).detail).toBe(failure);
    auth.setUser("ada");
    await element.updateComplete;
    const slot = element.shadowRoot!.querySelector("slot")!;
    expect(slot.assignedNodes().map(({ textContent }) => textContent)).toEqual(["Settings"]);
    await end();
    expect([target.childElementCount, auth.listeners]).toEqual([0, 0]);
  });
});
