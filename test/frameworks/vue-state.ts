import { onScopeDispose, shallowRef, type ShallowRef } from "vue";
import type { Auth } from "../../src/core/auth.ts";
import type { AuthState } from "../../src/core/auth-state.ts";

/** As in `demo/guides/frameworks.md`. */
export function useAuthState(auth: Auth): Readonly<ShallowRef<AuthState>> {
  const state = shallowRef(auth.state);
  onScopeDispose(auth.subscribe(() => (state.value = auth.state)));
  return state;
}
