import { inject } from "@angular/core";
import { Router, type CanActivateFn } from "@angular/router";
import { injectAuth } from "../../../src/angular.ts";

/** Redirects to the sign-in page when there is no user. */
export const requireUser: CanActivateFn = async (_route, { url }) => {
  const { auth } = injectAuth();
  const router = inject(Router);
  if (await auth.getUser()) return true;
  return router.createUrlTree(["/sign-in"], { queryParams: { returnTo: url } });
};
