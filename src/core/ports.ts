import type { TabMessage } from "./message.ts";
import type { ConfigurationError } from "./errors.ts";

/** Time, as a port. */
export interface Clock {
  /** Milliseconds since the epoch, by the wall. */
  now(): number;
  /** Milliseconds on a clock that never jumps. */
  monotonic(): number;
  /** Rejects with `signal.reason` when that is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Random values, as a port. */
export interface Random {
  /** A fresh identifier of at least 122 bits. */
  id(): string;
  /** At least 0 and less than 1. */
  fraction(): number;
}

/** Messages to all tabs of one client, the sending one included: who keeps a view of the store follows it in its own tab, too. */
export interface TabChannel {
  post(message: TabMessage): void;
  /** Returns its undo. */
  listen(listener: (message: TabMessage) => void): () => void;
}

export interface TabLockOptions {
  mode: "exclusive" | "shared";
  /** Do not wait: the callback gets `false` when the lock is held. */
  ifAvailable?: boolean;
  /** Ends the wait, not the holding; rejects with its reason. */
  signal?: AbortSignal;
}

/** Locks between the tabs of one origin. A lock is held while the callback runs and freed when its tab dies. */
export interface TabLock {
  request<T>(
    name: string,
    options: TabLockOptions,
    callback: (granted: boolean) => Promise<T>,
  ): Promise<T>;
  /** Looks at the locks, which frees those of pages in the back/forward cache. */
  query(): Promise<void>;
}

/**
 * What happens to a page. After `freeze` and `pagehide` the page may never run again. `resume` and `pageshow` (from the
 * back/forward cache only) let it run again.
 */
export type PageEvent = "freeze" | "resume" | "pagehide" | "pageshow" | "visible" | "online";

/** The lifecycle of the page this code runs in. @see https://wicg.github.io/page-lifecycle/ */
export interface PageLifecycle {
  /** False only when the browser knows that it is offline. */
  online(): boolean;
  /** A person can see it now. */
  visible(): boolean;
  /** Suspended by the browser, or put into its back/forward cache: it must begin nothing, and may not know that time passes. */
  frozen(): boolean;
  /** Returns its undo. */
  onEvent(listener: (event: PageEvent) => void): () => void;
}

/** The page this code runs in. */
export interface Page {
  readonly lifecycle: PageLifecycle;
  /** Why a browser-side manager cannot work here: no browser, no secure context, a missing platform part. */
  unsupported(): ConfigurationError | undefined;
  /** The page's URL. */
  href(): string;
  /** Leaves this page. */
  navigate(url: string): void;
  /** Shows another URL in the address bar without loading it. */
  replaceUrl(url: string): void;
  /** A top-level page that a person can see now: the only kind that may go to the login page by itself. */
  canNavigate(): boolean;
  /** Each time a user presses a key or a pointer on this page. Returns its undo. */
  onActivation(listener: () => void): () => void;
}

/** Called, never captured, so that fake timers work. */
export const wallClock: Pick<Clock, "now"> = { now: () => Date.now() };
