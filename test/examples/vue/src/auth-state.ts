import type { Auth, AuthState } from "latchkey";
import { onScopeDispose, readonly, shallowRef, type Ref } from "vue";

/** Returns the state of `auth` as a ref. */
export function useAuthState(auth: Auth): Readonly<Ref<AuthState>> {
  const state = shallowRef(auth.state);
  onScopeDispose(
    auth.subscribe(() => {
      state.value = auth.state;
    }),
  );
  return readonly(state) as Readonly<Ref<AuthState>>;
}
