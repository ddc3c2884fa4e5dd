import { flushSync, mount, unmount } from "svelte";
import { expect, test } from "vitest";
import { fakeAuth } from "../../src/testing.ts";
import Account from "./Account.svelte";

test("Svelte uses subscribe() and state as a store, and unsubscribes on unmount", async () => {
  const auth = fakeAuth({ state: "loading" });
  const target = document.body.appendChild(document.createElement("main"));
  const account = mount(Account, { target, props: { auth } });
  flushSync();
  expect(target.textContent).toBe("loading");
  flushSync(() => auth.setState({ status: "anonymous", reason: "none" }));
  target.querySelector("button")!.click();
  expect(auth.calls.login).toEqual([{}]);
  flushSync(() => auth.setUser("ada"));
  expect(target.textContent).toBe("ada");
  expect(auth.listeners).toBe(1);
  await unmount(account);
  expect(auth.listeners).toBe(0);
});
