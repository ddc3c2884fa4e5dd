import { createContext, useContext, type Context } from "react";
import type { Auth } from "../core/auth.ts";
import { ConfigurationError } from "../core/errors.ts";

/**
 * The context of `AuthProvider`. If a context value changes during hydration, React discards server-rendered HTML. So the value
 * is the `Auth` object, and not its state.
 */
export const AuthContext: Context<Auth | undefined> = createContext<Auth | undefined>(undefined);

/**
 * Returns the `Auth` of the nearest AuthProvider.
 * @throws ConfigurationError the component is not inside an AuthProvider
 */
export function useProvidedAuth(): Auth {
  const auth = useContext(AuthContext);
  if (auth) return auth;
  throw new ConfigurationError(
    "AuthProvider",
    "a component that uses Latchkey is not inside an AuthProvider",
    "Render <AuthProvider auth={auth}> around the app. `auth` is the result of createAuth().",
  );
}
