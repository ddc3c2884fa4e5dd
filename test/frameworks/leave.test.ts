import { component } from "./angular-testing.ts";
import { TestBed } from "@angular/core/testing";
import { provideRouter, Router } from "@angular/router";
import { RouterTestingHarness } from "@angular/router/testing";
import { flushSync, mount, unmount } from "svelte";
import { describe, expect, test, vi } from "vitest";
import { createMemoryHistory, createRouter } from "vue-router";
import { provideAuth } from "../../src/angular.ts";
import type { Auth } from "../../src/core/auth.ts";
import { fakeAuth } from "../../src/testing.ts";
import { leaveWithUser, requireUser } from "../examples/frameworks/angular-guard.ts";
import { protectRoutes } from "../examples/frameworks/vue-guard.ts";
import { visits } from "./app-navigation.ts";
import Guarded from "./Guarded.svelte";

class Page {
  readonly name = "page";
}
class Orders extends Page {
  constructor() {
    super();
    leaveWithUser();
  }
}

/** A guarded page that is shown at `/orders?page=2`. */
interface Shown {
  /** Returns the current URL. */
  readonly url: () => string;
  readonly end: () => unknown;
}

const ROUTERS: Readonly<Record<string, (auth: Auth) => Promise<Shown>>> = {
  "Vue Router": async (auth) => {
    const page = { component: { render: () => null } };
    const router = createRouter({
      history: createMemoryHistory(),
      routes: [
        { path: "/", ...page },
        { path: "/orders", ...page, meta: { requiresAuth: true } },
        { path: "/sign-in", ...page },
      ],
    });
    protectRoutes(router, auth);
    await router.push("/orders?page=2");
    return { url: () => router.currentRoute.value.fullPath, end: () => {} };
  },
  "Angular Router": async (auth) => {
    const other = component("{{ name }}", Page);
    const routes = [
      { path: "", component: other, pathMatch: "full" as const },
      { path: "orders", component: component("{{ name }}", Orders), canActivate: [requireUser] },
      { path: "sign-in", component: other },
    ];
    TestBed.configureTestingModule({ providers: [provideAuth(auth), provideRouter(routes)] });
    await RouterTestingHarness.create("/orders?page=2");
    const router = TestBed.inject(Router);
    return { url: () => router.url, end: () => TestBed.resetTestingModule() };
  },
  SvelteKit: async (auth) => {
    visits.length = 0;
    const before = location.href;
    history.replaceState(history.state, "", "/orders?page=2");
    const app = mount(Guarded, { target: document.body, props: { auth } });
    flushSync();
    return {
      url: () => visits.at(-1)?.url ?? "/orders?page=2",
      end: async () => {
        history.replaceState(history.state, "", before);
        await unmount(app);
      },
    };
  },
};

describe.for(Object.entries(ROUTERS))("%s", ([, show]) => {
  test("a logout in another tab leads to the sign-in page, and returnTo is the page", async () => {
    const auth = fakeAuth({ user: "ada" });
    const { url, end } = await show(auth);
    expect(url()).toBe("/orders?page=2");
    auth.setState({ status: "anonymous", reason: "logged_out_elsewhere" });
    await vi.waitFor(() => expect(url()).toContain("/sign-in"));
    const { searchParams } = new URL(url(), location.href);
    expect(searchParams.get("returnTo")).toBe("/orders?page=2");
    await end();
  });

  test("the page of one user is not shown to the next user", async () => {
    const auth = fakeAuth({ user: "ada" });
    const { url, end } = await show(auth);
    auth.setUser("bob");
    await vi.waitFor(() => expect(url()).toBe("/"));
    await end();
  });

  test("a session that has expired, and a login of the same user, leave the page where it is", async () => {
    const auth = fakeAuth({ user: "ada" });
    const { url, end } = await show(auth);
    auth.setState("expired");
    auth.setUser("ada");
    await new Promise((resolve) => void setTimeout(resolve));
    expect(url()).toBe("/orders?page=2");
    await end();
  });
});
