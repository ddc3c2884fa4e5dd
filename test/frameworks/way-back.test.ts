import { component } from "./angular-testing.ts";
import { Location } from "@angular/common";
import { TestBed } from "@angular/core/testing";
import { provideRouter, Router } from "@angular/router";
import {
  createMemoryHistory as createTanStackHistory,
  createRootRoute,
  createRoute,
  createRouter as createTanStackRouter,
} from "@tanstack/react-router";
import { createMemoryRouter } from "react-router";
import { expect, test } from "vitest";
import { createMemoryHistory, createRouter } from "vue-router";

class PageOfPath {
  readonly name = "page";
}

/** A router on the page of the redirect URI, which the user reached from `/start`. */
interface Started {
  /** The body of `onReturn` in `demo/guides/frameworks.md`. */
  readonly onReturn: (path: string) => unknown;
  readonly url: () => string;
  readonly back: () => unknown;
}

const ROUTERS: Readonly<Record<string, () => Promise<Started>>> = {
  "React Router": async () => {
    const router = createMemoryRouter(
      [{ path: "/start" }, { path: "/callback" }, { path: "/orders" }],
      { initialEntries: ["/start", "/callback"] },
    );
    return {
      onReturn: (path) => router.navigate(path, { replace: true }),
      url: () => {
        const { pathname, search, hash } = router.state.location;
        return pathname + search + hash;
      },
      back: () => router.navigate(-1),
    };
  },
  "Vue Router": async () => {
    const component = { render: () => null };
    const paths = ["/start", "/callback", "/orders"];
    const router = createRouter({
      history: createMemoryHistory(),
      routes: paths.map((path) => ({ path, component })),
    });
    await router.push("/start");
    await router.push("/callback");
    return {
      onReturn: (path) => router.replace(path),
      url: () => router.currentRoute.value.fullPath,
      back: () => router.back(),
    };
  },
  "Angular Router": async () => {
    const Page = component("{{ name }}", PageOfPath);
    const routes = ["start", "callback", "orders"].map((path) => ({ path, component: Page }));
    TestBed.configureTestingModule({ providers: [provideRouter(routes)] });
    const router = TestBed.inject(Router);
    router.initialNavigation();
    await router.navigateByUrl("/start");
    await router.navigateByUrl("/callback");
    return {
      onReturn: (path) => router.navigateByUrl(path, { replaceUrl: true }),
      url: () => router.url,
      back: () => TestBed.inject(Location).back(),
    };
  },
  "TanStack Router": async () => {
    const root = createRootRoute();
    const routes = ["/start", "/callback", "/orders"].map((path) =>
      createRoute({ getParentRoute: () => root, path }),
    );
    const router = createTanStackRouter({
      routeTree: root.addChildren(routes),
      history: createTanStackHistory({ initialEntries: ["/start", "/callback"] }),
    });
    await router.load();
    return {
      onReturn: (path) => router.history.replace(path),
      url: () => router.history.location.href,
      back: () => router.history.back(),
    };
  },
};

test.for(Object.entries(ROUTERS))(
  "onReturn with %s shows the page of the login, and Back leads to the page before the callback",
  async ([, start]) => {
    const { onReturn, url, back } = await start();
    expect(url()).toBe("/callback");
    await onReturn("/orders?page=2#total");
    await expect.poll(url).toBe("/orders?page=2#total");
    await back();
    await expect.poll(url).toBe("/start");
  },
);
