import { fakeAuth, fakeProvider } from "latchkey/testing";
import { authPlugin } from "latchkey/vue";
import { afterEach, expect, test, vi } from "vitest";
import { createApp, nextTick } from "vue";
import UserMenu from "./UserMenu.vue";

afterEach(() => {
  vi.unstubAllGlobals();
});

function show(auth: ReturnType<typeof fakeAuth>): { element: HTMLElement; end: () => void } {
  const element = document.body.appendChild(document.createElement("div"));
  const app = createApp(UserMenu).use(authPlugin(auth));
  app.mount(element);
  return { element, end: () => app.unmount() };
}

test("the button waits for the state, signs in and signs out", async () => {
  const auth = fakeAuth({ user: { sub: "ada", name: "Ada" }, state: "loading" });
  const { element, end } = show(auth);
  expect(element.querySelector("button")!.disabled).toBe(true);

  auth.setState("anonymous");
  await nextTick();
  element.querySelector("button")!.click();
  await vi.waitFor(() => expect(element.textContent).toContain("Ada"));

  element.querySelector("button")!.click();
  await vi.waitFor(() => expect(element.textContent).toContain("Sign in"));
  expect(auth.calls.logout).toEqual([{}]);

  end();
  expect(auth.listeners).toBe(0);
});

test("a session that the provider has ended is shown as signed out", async () => {
  const provider = fakeProvider();
  vi.stubGlobal("fetch", provider.fetch);
  const { access_token: token } = await provider.issueTokens({ user: "ada" });
  const auth = fakeAuth({ user: "ada", token });
  const { element } = show(auth);
  const userinfo = async () => {
    const headers = { authorization: `Bearer ${await auth.getToken()}` };
    return (await fetch(`${provider.issuer}/userinfo`, { headers })).status;
  };
  expect(await userinfo()).toBe(200);

  provider.endSessions("ada");
  expect(await userinfo()).toBe(401);
  auth.setState("expired");
  await nextTick();
  expect(element.textContent).toContain("Sign in");
});
