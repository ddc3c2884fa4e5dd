import {
  customRef,
  getCurrentInstance,
  getCurrentScope,
  hasInjectionContext,
  inject,
  onMounted,
  ssrContextKey,
  watch,
  type Ref,
} from "vue";
import type { Watched } from "../core/watch-auth.ts";

/**
 * Returns a ref of a watched value. The ref is followed until the component is unmounted, or until its effect scope is stopped.
 *
 * A server renders `first`, and so does a component that hydrates the HTML of a server. After the component is mounted, the ref
 * has the current value.
 * @param watched returns the value. It is called again when the result of `key` changes. Until then, the ref has the value `first`
 */
export function watchedRef<T>(
  watched: () => Watched<T>,
  first: T,
  key: () => unknown = () => "",
): Readonly<Ref<T>> {
  let current: Watched<T> = { get: () => first, subscribe: () => () => {} };
  let currentKey: unknown;
  let changed = () => {};
  const ref = customRef<T>((track, trigger) => {
    let shown = first;
    changed = () => {
      const next = current.get();
      if (next === shown) return;
      shown = next;
      trigger();
    };
    return {
      get: () => {
        track();
        // Vue calls `start` some time after a change of the key. Until then, `current` belongs to the previous key. A server
        // never calls `start`, and so never calls `key`.
        return currentKey !== undefined && key() === currentKey ? current.get() : first;
      },
      set: () => {},
    };
  });
  const follow = () => {
    const start = (next: unknown, _: unknown, onCleanup: (stop: () => void) => void) => {
      currentKey = next;
      current = watched();
      onCleanup(current.subscribe(changed));
      changed();
    };
    watch(key, start, { immediate: true });
  };
  // In setup(), only a component that hydrates has an element. With Suspense, the state may change before it is hydrated.
  // A store can be made in this component and outlive it, so the scope is not always that of the component.
  const scope = getCurrentScope();
  if (getCurrentInstance()?.vnode.el) onMounted(() => scope?.run(follow));
  else if (!isServer()) follow();
  return ref;
}

/** Whether HTML is rendered, on a server or in a test whose environment has a `window`. */
function isServer(): boolean {
  if (typeof window === "undefined") return true;
  return hasInjectionContext() && inject(ssrContextKey, undefined) !== undefined;
}
