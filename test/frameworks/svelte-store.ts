import { readable, type Readable } from "svelte/store";
import type { Auth } from "../../src/core/auth.ts";
import type { AuthState } from "../../src/core/auth-state.ts";

/** As in `demo/guides/frameworks.md`. */
export function authState(auth: Auth): Readable<AuthState> {
  return readable(auth.state, (set) => {
    set(auth.state);
    return auth.subscribe(() => set(auth.state));
  });
}
