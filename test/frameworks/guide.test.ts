import "./angular-testing.ts";
import { TestBed } from "@angular/core/testing";
import { flushSync, mount, unmount } from "svelte";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createApp } from "vue";
import { provideAuth } from "../../src/angular.ts";
import type { Auth } from "../../src/core/auth.ts";
import { authPlugin } from "../../src/vue.ts";
import AccountVue from "../examples/frameworks/Account.vue";
import { AccountComponent } from "../examples/frameworks/angular-account.ts";
import { fakeAuth } from "../../src/testing.ts";
import Guide from "./Guide.svelte";

/** The components of `demo/guides/frameworks.md`. Each function shows a component, and returns a function that removes it. */
const COMPONENTS: Readonly<Record<string, (target: HTMLElement, auth: Auth) => () => unknown>> = {
  Vue: (target, auth) => {
    const app = createApp(AccountVue).use(authPlugin(auth));
    app.mount(target);
    return () => app.unmount();
  },
  Svelte: (target, auth) => {
    const app = mount(Guide, { target, props: { auth } });
    flushSync();
    return () => unmount(app);
  },
  Angular: (target, auth) => {
    TestBed.configureTestingModule({ providers: [provideAuth(auth)] });
    const fixture = TestBed.createComponent(AccountComponent);
    target.append(fixture.nativeElement as HTMLElement);
    return () => TestBed.resetTestingModule();
  },
};
afterEach(() => document.body.replaceChildren());

describe.for(Object.entries(COMPONENTS))("the component for %s", ([, show]) => {
  test("shows nothing, then a login, then the user and whether there is a token, and a logout", async () => {
    const auth = fakeAuth({ state: "loading" });
    const target = document.body.appendChild(document.createElement("main"));
    const end = show(target, auth);
    expect(target.textContent.trim()).toBe("");
    auth.setState({ status: "anonymous", reason: "none" });
    await vi.waitFor(() => expect(target.textContent.trim()).toBe("Sign in"));
    target.querySelector("button")!.click();
    expect(auth.calls.login).toHaveLength(1);
    auth.setUser("ada");
    await vi.waitFor(() => expect(target.textContent).toMatch(/Ada Lovelace.*with a map/s));
    expect(auth.calls.getToken.at(-1)).toMatchObject({ resource: "https://maps.example.com" });
    target.querySelector("button")!.click();
    await vi.waitFor(() => expect(target.textContent.trim()).toBe("Sign in"));
    await end();
    await vi.waitFor(() => expect(auth.listeners).toBe(0));
  });
});
