import { hasInjectionContext, inject, type InjectionKey, type ObjectPlugin } from "vue";
import type { Auth } from "../core/auth.ts";
import { ConfigurationError } from "../core/errors.ts";

const AUTH: InjectionKey<Auth> = Symbol("Auth of Latchkey");

/**
 * Returns a Vue plugin that makes `auth` available to `useAuth()`, `useUser()` and `useToken()` in all components of the app.
 * The plugin does not start or dispose `auth`.
 * @param auth the result of `createAuth()`. Create the `Auth` once, outside of components
 * @throws ConfigurationError `auth` is missing
 * @see https://vuejs.org/guide/reusability/plugins.html
 * @example
 * import { createApp } from "vue";
 * createApp({}).use(authPlugin(auth)).mount("#app");
 */
export function authPlugin(auth: Auth): ObjectPlugin {
  // Without this check, the error would appear later, in the first component that uses the plugin.
  if (!auth) {
    throw new ConfigurationError(
      "auth",
      "authPlugin() got no Auth",
      "Pass the result of createAuth(): app.use(authPlugin(auth)).",
    );
  }
  return { install: (app) => void app.provide(AUTH, auth) };
}

/**
 * Returns the `Auth` of the app.
 * @throws ConfigurationError the app does not use the plugin, or the caller is not in `setup()`
 */
export function useProvidedAuth(): Auth {
  if (!hasInjectionContext()) {
    throw new ConfigurationError(
      "setup",
      "useAuth(), useUser() or useToken() was called outside of setup()",
      "Call these functions in setup() or <script setup>, before the first await.",
    );
  }
  const auth = inject(AUTH, undefined);
  if (auth) return auth;
  throw new ConfigurationError(
    "authPlugin",
    "a component uses Latchkey, but its app does not use the plugin of Latchkey",
    "Call app.use(authPlugin(auth)) before app.mount(). `auth` is the result of createAuth().",
  );
}
