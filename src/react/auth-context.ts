import { createContext, useContext, type Context } from "react";
import type { Auth } from "../core/auth.ts";
import { ConfigurationError } from "../core/errors.ts";

/** The `Auth` itself, never its state: a tree that is not hydrated yet hears of no change. */
export const AuthContext: Context<Auth | undefined> = createContext<Auth | undefined>(undefined);

/** @throws ConfigurationError no AuthProvider above */
export function useProvidedAuth(): Auth {
  const auth = useContext(AuthContext);
  if (auth) return auth;
  throw new ConfigurationError(
    "AuthProvider",
    "there is none above this component",
    "Render <AuthProvider auth={auth}> around the app, with what createAuth() gave.",
  );
}
