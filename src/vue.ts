export type { TokenState } from "./core/watch-token.ts";
export { authPlugin } from "./vue/auth-plugin.ts";
export { useAuth, useUser } from "./vue/use-auth.ts";
export type { UseAuth } from "./vue/use-auth.ts";
export { useToken } from "./vue/use-token.ts";
