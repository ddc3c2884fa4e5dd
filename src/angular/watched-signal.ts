import { afterNextRender, DestroyRef, inject, signal, type Signal } from "@angular/core";
import type { Watched } from "../core/watch-auth.ts";

/**
 * Returns a signal of a watched value. The signal is followed until the current injector is destroyed.
 *
 * The signal is `first` until the app has rendered. A server runs nothing after a render, so a server renders `first`, and the
 * hydration of its HTML matches.
 * @see https://angular.dev/api/core/afterNextRender
 */
export function watchedSignal<T>(watched: Watched<T>, first: T): Signal<T> {
  const value = signal(first);
  const destroyed = inject(DestroyRef);
  afterNextRender(() => {
    const show = () => value.set(watched.get());
    destroyed.onDestroy(watched.subscribe(show));
    show();
  });
  return value.asReadonly();
}
