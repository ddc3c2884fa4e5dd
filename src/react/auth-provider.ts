import { createElement, type ReactElement, type ReactNode } from "react";
import type { Auth } from "../core/auth.ts";
import { ConfigurationError } from "../core/errors.ts";
import { AuthContext } from "./auth-context.ts";

/** The props of `AuthProvider`. */
export interface AuthProviderProps {
  /**
   * The `Auth` that the hooks use. Create the `Auth` once, outside of components. The provider does not start or dispose
   * `auth`.
   */
  readonly auth: Auth;
  readonly children?: ReactNode;
}

/**
 * Makes `auth` available to the hooks of all components inside the provider.
 * @throws ConfigurationError `auth` is missing
 * @see https://react.dev/reference/react/createContext
 * @example
 * const app = (
 *   <AuthProvider auth={auth}>
 *     <RequireAuth>Only a logged-in user sees this.</RequireAuth>
 *   </AuthProvider>
 * );
 */
export function AuthProvider({ auth, children }: AuthProviderProps): ReactElement {
  // Without this check, the error would appear later, in the first component that uses a hook.
  if (!auth) {
    throw new ConfigurationError(
      "auth",
      "AuthProvider got no `auth` prop",
      "Pass the result of createAuth(): <AuthProvider auth={auth}>.",
    );
  }
  return createElement(AuthContext.Provider, { value: auth }, children);
}
