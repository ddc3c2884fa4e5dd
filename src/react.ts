"use client";

export { AuthProvider } from "./react/auth-provider.ts";
export type { AuthProviderProps } from "./react/auth-provider.ts";
export { RequireAuth } from "./react/require-auth.ts";
export type { AuthGate, RequireAuthProps } from "./react/require-auth.ts";
export { useAuth } from "./react/use-auth.ts";
export type { UseAuth } from "./react/use-auth.ts";
export { useToken } from "./react/use-token.ts";
export { useUser } from "./react/use-user.ts";
export type { TokenState } from "./core/watch-token.ts";
