import { NetworkError } from "latchkey";
import { fakeAuth } from "latchkey/testing";
import { expect, test, vi } from "vitest";
import { showAccount } from "./account.ts";

test("a user signs in and out", async () => {
  const auth = fakeAuth({ user: { sub: "ada", name: "Ada" }, state: "anonymous" });
  const element = document.createElement("div");
  const end = showAccount(auth, element);
  expect(element.textContent).toBe("Sign in");

  element.querySelector("button")!.click();
  await vi.waitFor(() => expect(element.textContent).toBe("Hello Ada. Sign out"));
  expect(auth.calls.login).toEqual([{ returnTo: "/account" }]);

  element.querySelector("button")!.click();
  await vi.waitFor(() => expect(element.textContent).toBe("Sign in"));

  end();
  expect(auth.listeners).toBe(0);
});

test("a failed login and an ended session are shown", async () => {
  const auth = fakeAuth();
  const element = document.createElement("div");
  showAccount(auth, element);
  auth.setLogin(() => Promise.reject(new NetworkError("no response")));
  element.querySelector("button")!.click();
  await vi.waitFor(() => expect(element.textContent).toContain("You are offline."));

  auth.setState("expired");
  expect(element.textContent).toBe("Sign in again");
});
