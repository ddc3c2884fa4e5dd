import { createSubscriber } from "svelte/reactivity";
import type { Watched } from "../core/watch-auth.ts";

/**
 * Returns a function that returns the current value. An effect, a template or a `$derived` that calls the function runs again
 * after each change. The value is followed while one of them uses the function.
 * @see https://svelte.dev/docs/svelte/svelte-reactivity#createSubscriber
 */
export function reactiveValue<T>({ get, subscribe }: Watched<T>): () => T {
  const track = createSubscriber((update) => {
    let shown = get();
    return subscribe(() => {
      const next = get();
      if (next === shown) return;
      shown = next;
      update();
    });
  });
  return () => {
    track();
    return get();
  };
}
