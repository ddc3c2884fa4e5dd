import { component } from "./angular-testing.ts";
import { TestBed } from "@angular/core/testing";
import { provideRouter, Router } from "@angular/router";
import {
  createMemoryHistory as createTanStackHistory,
  createRootRoute,
  createRoute,
  createRouter as createTanStackRouter,
  redirect as tanStackRedirect,
} from "@tanstack/react-router";
import { createMemoryRouter, redirect } from "react-router";
import { describe, expect, test, vi } from "vitest";
import { createMemoryHistory, createRouter } from "vue-router";
import type { Auth } from "../../src/core/auth.ts";
import { provideAuth } from "../../src/angular.ts";
import { requireUser } from "../examples/frameworks/angular-guard.ts";
import { protectRoutes } from "../examples/frameworks/vue-guard.ts";
import { fakeAuth } from "../../src/testing.ts";

class Orders {
  readonly name = "orders";
}

/** The guards of `demo/guides/frameworks.md` in the real routers. Each function opens `/orders?page=2` and returns the final URL. */
const ROUTERS: Readonly<Record<string, (auth: Auth) => Promise<string>>> = {
  "React Router": async (auth) => {
    const signedIn = async ({ request }: { request: Request }) => {
      if (await auth.getUser()) return null;
      const { pathname, search } = new URL(request.url);
      throw redirect(`/sign-in?returnTo=${encodeURIComponent(pathname + search)}`);
    };
    const router = createMemoryRouter(
      [{ path: "/" }, { path: "/orders", loader: signedIn }, { path: "/sign-in" }],
      { initialEntries: ["/"] },
    );
    await router.navigate("/orders?page=2");
    const { pathname, search } = router.state.location;
    router.dispose();
    return pathname + search;
  },
  "Vue Router": async (auth) => {
    const component = { render: () => null };
    const router = createRouter({
      history: createMemoryHistory(),
      routes: [
        { path: "/orders", component, meta: { requiresAuth: true } },
        { path: "/sign-in", component },
      ],
    });
    protectRoutes(router, auth);
    await router.push("/orders?page=2");
    return router.currentRoute.value.fullPath;
  },
  "Angular Router": async (auth) => {
    const Page = component("{{ name }}", Orders);
    const routes = [
      { path: "orders", component: Page, canActivate: [requireUser] },
      { path: "sign-in", component: Page },
    ];
    TestBed.configureTestingModule({ providers: [provideAuth(auth), provideRouter(routes)] });
    const router = TestBed.inject(Router);
    await router.navigateByUrl("/orders?page=2");
    TestBed.resetTestingModule();
    return router.url;
  },
  "TanStack Router": async (auth) => {
    const root = createRootRoute();
    const orders = createRoute({
      getParentRoute: () => root,
      path: "/orders",
      beforeLoad: async ({ location }) => {
        if (await auth.getUser()) return;
        throw tanStackRedirect({ href: `/sign-in?returnTo=${encodeURIComponent(location.href)}` });
      },
    });
    const signIn = createRoute({ getParentRoute: () => root, path: "/sign-in" });
    const router = createTanStackRouter({
      routeTree: root.addChildren([orders, signIn]),
      history: createTanStackHistory({ initialEntries: ["/orders?page=2"] }),
    });
    await router.load();
    return router.state.location.href;
  },
};

describe.for(Object.entries(ROUTERS))("%s", ([, visit]) => {
  test("shows the page to a logged-in user", async () => {
    const auth = fakeAuth();
    auth.setUser("ada");
    expect(await visit(auth)).toBe("/orders?page=2");
  });

  test("redirects without a user to the sign-in page, with the current URL as returnTo", async () => {
    const there = new URL(await visit(fakeAuth()), location.href);
    expect(there.pathname).toBe("/sign-in");
    expect(there.searchParams.get("returnTo")).toBe("/orders?page=2");
  });

  test("waits until the user is known", async () => {
    const auth = fakeAuth({ state: "loading" });
    let finishLoading: () => void = () => {};
    const loaded = new Promise<void>((resolve) => (finishLoading = resolve));
    const getUser = vi.spyOn(auth, "getUser");
    getUser.mockImplementationOnce(() => loaded.then(() => auth.getUser()));
    const visiting = visit(auth);
    await vi.waitFor(() => expect(getUser).toHaveBeenCalledTimes(1));
    auth.setUser("ada");
    finishLoading();
    expect(await visiting).toBe("/orders?page=2");
  });
});
