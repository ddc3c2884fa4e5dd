import { DestroyRef, inject } from "@angular/core";
import { Router, type CanActivateFn } from "@angular/router";
import { injectAuth } from "../../../src/angular.ts";

/** Redirects to the sign-in page when there is no user. */
export const requireUser: CanActivateFn = async (_route, { url }) => {
  const { auth } = injectAuth();
  const router = inject(Router);
  if (await auth.getUser()) return true;
  return router.createUrlTree(["/sign-in"], { queryParams: { returnTo: url } });
};

/** Leaves the route of a component after a logout, also in another tab, and when another user follows. */
export function leaveWithUser(): void {
  const { auth } = injectAuth();
  const router = inject(Router);
  const unsubscribe = auth.onUserChange((previous, next) => {
    if (!previous) return;
    const commands = next ? ["/"] : ["/sign-in"];
    const queryParams = next ? {} : { returnTo: router.url };
    void router.navigate(commands, { queryParams, replaceUrl: true });
  });
  inject(DestroyRef).onDestroy(unsubscribe);
}
