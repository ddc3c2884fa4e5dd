import { createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { AuthProvider, RequireAuth } from "../../../src/react.ts";
import { PATHS, type RouterApp } from "./router-app.ts";

/** TanStack Router. Each page but `start` needs a user. */
export function tanStackApp(): RouterApp {
  const root = createRootRoute();
  const routes = PATHS.map((name) =>
    createRoute({
      getParentRoute: () => root,
      path: `/tanstack/${name}`,
      component: () => {
        const page = createElement("h1", null, name);
        return name === "start" ? page : createElement(RequireAuth, null, page);
      },
    }),
  );
  const router = createRouter({ routeTree: root.addChildren(routes) });
  return {
    onReturn: (path) => router.history.replace(path),
    push: (path) => router.history.push(path),
    render: (auth, place) =>
      createRoot(place).render(
        createElement(AuthProvider, { auth }, createElement(RouterProvider, { router })),
      ),
  };
}
