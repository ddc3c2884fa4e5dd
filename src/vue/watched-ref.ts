import { customRef, getCurrentInstance, onMounted, watch, type Ref } from "vue";
import type { Watched } from "../core/watch-auth.ts";

/**
 * Returns a ref of a watched value. The ref is followed until the component is unmounted, or until its effect scope is stopped.
 *
 * A server renders `first`, and so does a component that hydrates the HTML of a server. After the component is mounted, the ref
 * has the current value.
 * @param watched returns the value. It is called again when the result of `key` changes
 */
export function watchedRef<T>(
  watched: () => Watched<T>,
  first: T,
  key: () => unknown = () => "",
): Readonly<Ref<T>> {
  let current: Watched<T> = { get: () => first, subscribe: () => () => {} };
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
        return current.get();
      },
      set: () => {},
    };
  });
  const follow = () => {
    const start = (_: unknown, __: unknown, onCleanup: (stop: () => void) => void) => {
      current = watched();
      onCleanup(current.subscribe(changed));
      changed();
    };
    watch(key, start, { immediate: true });
  };
  // In setup(), only a component that hydrates has an element. With Suspense, the state may change before it is hydrated.
  if (getCurrentInstance()?.vnode.el) onMounted(follow);
  else if (typeof window !== "undefined") follow();
  return ref;
}
