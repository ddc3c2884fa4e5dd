import type { Auth } from "../../../src/index.ts";
import type { Router } from "vue-router";

/** Redirects to the sign-in page when a route with `meta: { requiresAuth: true }` has no user. */
export function protectRoutes(router: Router, auth: Auth): void {
  router.beforeEach(async (to) => {
    if (!to.meta["requiresAuth"] || (await auth.getUser())) return true;
    return { path: "/sign-in", query: { returnTo: to.fullPath } };
  });
  // Leaves the route after a logout, also in another tab, and when another user follows.
  auth.onUserChange((previous, next) => {
    const { fullPath, meta } = router.currentRoute.value;
    if (!previous || !meta["requiresAuth"]) return;
    void router.replace(next ? "/" : { path: "/sign-in", query: { returnTo: fullPath } });
  });
}
