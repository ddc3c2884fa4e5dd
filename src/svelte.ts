export type { TokenState } from "./core/watch-token.ts";
export { setAuth, useAuth } from "./svelte/set-auth.ts";
export type { UseAuth } from "./svelte/set-auth.ts";
export { useToken } from "./svelte/use-token.ts";
export type { UseToken } from "./svelte/use-token.ts";
