import { createApp, h } from "vue";
import { createRouter, createWebHistory, RouterView } from "vue-router";
import { PATHS, type RouterApp } from "./router-app.ts";

/** Vue Router. No page needs a user. */
export function vueApp(): RouterApp {
  const router = createRouter({
    history: createWebHistory(),
    routes: PATHS.map((name) => ({
      path: `/vue/${name}`,
      component: { render: () => h("h1", name) },
    })),
  });
  return {
    onReturn: (path) => router.replace(path),
    push: (path) => router.push(path),
    render: (_auth, place) =>
      createApp({ render: () => h(RouterView) })
        .use(router)
        .mount(place),
  };
}
