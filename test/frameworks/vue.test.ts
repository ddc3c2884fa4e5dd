import { expect, test } from "vitest";
import { createApp, defineComponent, h, nextTick } from "vue";
import { fakeAuth } from "../../src/testing.ts";
import { useAuthState } from "./vue-state.ts";

test("Vue uses subscribe() and state as a ref, and unsubscribes on unmount", async () => {
  const auth = fakeAuth({ state: "loading" });
  const Account = defineComponent(() => {
    const state = useAuthState(auth);
    return () =>
      state.value.status === "authenticated"
        ? h("p", state.value.user.name)
        : h("button", { onClick: () => auth.login() }, state.value.status);
  });
  const target = document.body.appendChild(document.createElement("main"));
  const app = createApp(Account);
  app.mount(target);
  expect(target.textContent).toBe("loading");
  auth.setState({ status: "anonymous", reason: "none" });
  await nextTick();
  target.querySelector("button")!.click();
  expect(auth.calls.login).toEqual([{}]);
  auth.setUser("ada");
  await nextTick();
  expect(target.textContent).toBe("ada");
  expect(auth.listeners).toBe(1);
  app.unmount();
  expect(auth.listeners).toBe(0);
});
