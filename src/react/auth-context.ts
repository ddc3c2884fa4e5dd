import { createContext, useContext, type Context } from "react";
import type { Auth } from "../core/auth.ts";
import { ConfigurationError } from "../core/errors.ts";

/** Holds the `Auth` itself, not its state: a state change must not reach a tree that is not hydrated yet. */
export const AuthContext: Context<Auth | undefined> = createContext<Auth | undefined>(undefined);

/**
 * The `Auth` of the nearest AuthProvider.
 * @throws ConfigurationError the component is not inside an AuthProvider
 */
export function useProvidedAuth(): Auth {
  const auth = useContext(AuthContext);
  if (auth) return auth;
  throw new ConfigurationError(
    "AuthProvider",
    "the component is not inside an AuthProvider",
    "Render <AuthProvider auth={auth}> around the app, with the result of createAuth().",
  );
}
