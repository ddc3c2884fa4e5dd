import { createElement, type ReactElement, type ReactNode } from "react";
import type { Auth } from "../core/auth.ts";
import { ConfigurationError } from "../core/errors.ts";
import { AuthContext } from "./auth-context.ts";

export interface AuthProviderProps {
  /** Made once, outside of components. Whoever made it starts and disposes it. */
  readonly auth: Auth;
  readonly children?: ReactNode;
}

/**
 * Gives `auth` to the hooks below it.
 * @throws ConfigurationError `auth` is missing
 */
export function AuthProvider({ auth, children }: AuthProviderProps): ReactElement {
  // Said here, because what fails otherwise is a hook far below.
  if (!auth) {
    throw new ConfigurationError(
      "auth",
      "AuthProvider was given none",
      "Pass what createAuth() gave: <AuthProvider auth={auth}>.",
    );
  }
  return createElement(AuthContext.Provider, { value: auth }, children);
}
