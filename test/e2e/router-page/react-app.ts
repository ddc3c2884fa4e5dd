import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { createBrowserRouter } from "react-router";
import { RouterProvider } from "react-router/dom";
import { AuthProvider, RequireAuth } from "../../../src/react.ts";
import { PATHS, type RouterApp } from "./router-app.ts";

/** React Router. Each page but `start` needs a user. */
export function reactApp(): RouterApp {
  const router = createBrowserRouter(
    PATHS.map((name) => {
      const page = createElement("h1", null, name);
      const element = name === "start" ? page : createElement(RequireAuth, null, page);
      return { path: `/react/${name}`, element };
    }),
  );
  return {
    onReturn: (path) => router.navigate(path, { replace: true }),
    push: (path) => router.navigate(path),
    render: (auth, place) =>
      createRoot(place).render(
        createElement(AuthProvider, { auth }, createElement(RouterProvider, { router })),
      ),
  };
}
