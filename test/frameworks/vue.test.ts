import { expect, test } from "vitest";
import { createApp, defineComponent, h, nextTick } from "vue";
import { fakeAuth } from "../support/fake-auth.ts";
import { useAuthState } from "./vue-state.ts";

test("Vue uses subscribe() and state as a ref, and unsubscribes on unmount", async () => {
  const auth = fakeAuth();
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
  auth.publish({ status: "anonymous", reason: "none" });
  await nextTick();
  target.querySelector("button")!.click();
  expect(auth.logins).toHaveLength(1);
  auth.signIn("ada");
  await nextTick();
  expect(target.textContent).toBe("ADA");
  expect(auth.listeners).toBe(1);
  app.unmount();
  expect(auth.listeners).toBe(0);
});
