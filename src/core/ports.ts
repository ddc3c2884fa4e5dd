import type { TabMessage } from "./message.ts";
import type { ConfigurationError } from "./errors.ts";

/** The port for time. */
export interface Clock {
  /** The wall clock. Milliseconds since the epoch. */
  now(): number;
  /** A clock that never jumps. Milliseconds since any fixed time. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds, or rejects with the signal's reason once `signal` is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The port for random values. */
export interface Random {
  /** Returns a new identifier of at least 122 bits. */
  id(): string;
  /** Returns a number that is at least 0 and less than 1. */
  fraction(): number;
}

/** Broadcasts to every tab of one client, the sender included, so that the sender can update its own view of the store. */
export interface TabChannel {
  /** Broadcasts a message. */
  post(message: TabMessage): void;
  /** Calls `listener` with each message. Returns a function that removes `listener`. */
  listen(listener: (message: TabMessage) => void): () => void;
}

/** The options of one lock request. */
export interface TabLockOptions {
  mode: "exclusive" | "shared";
  /** Do not wait: the callback gets `false` when another holder has the lock. */
  ifAvailable?: boolean;
  /** Ends the wait for the lock with the signal's reason. It does not release a granted lock. */
  signal?: AbortSignal;
}

/**
 * Locks between the tabs of one origin. A lock is held while the callback runs, and released when its tab closes or crashes.
 * @see https://w3c.github.io/web-locks/
 */
export interface TabLock {
  /** Calls `callback` with the lock. Returns the result of `callback`. */
  request<T>(
    name: string,
    options: TabLockOptions,
    callback: (granted: boolean) => Promise<T>,
  ): Promise<T>;
  /** Queries all locks. In browsers a query releases the locks of pages in the bfcache. */
  query(): Promise<void>;
}

/**
 * An event in the lifecycle of a page. After `freeze` and `pagehide` the page may never run again. After `resume`, and after
 * `pageshow` from the bfcache, the page runs again.
 */
export type PageEvent = "freeze" | "resume" | "pagehide" | "pageshow" | "visible" | "online";

/**
 * The lifecycle of this page.
 * @see https://wicg.github.io/page-lifecycle/
 */
export interface PageLifecycle {
  /** Returns false only when the browser knows that it is offline. */
  online(): boolean;
  /** Whether the page is visible. */
  visible(): boolean;
  /** Whether the page is frozen or in the bfcache. Such a page must begin no work, because its timers may not run. */
  frozen(): boolean;
  /** Calls `listener` with each event. Returns a function that removes `listener`. */
  onEvent(listener: (event: PageEvent) => void): () => void;
}

/** The port for this page. */
export interface Page {
  readonly lifecycle: PageLifecycle;
  /** Returns why an `Auth` cannot work here: no browser, no secure context, or a missing API. Undefined when it can. */
  unsupported(): ConfigurationError | undefined;
  /** Returns the page's URL. */
  href(): string;
  /** Navigates this page to `url`. */
  navigate(url: string): void;
  /** Shows another URL in the address bar without loading it. */
  replaceUrl(url: string): void;
  /** Whether this is a visible top-level page. Only such a page may navigate to the login page by itself. */
  canNavigate(): boolean;
  /** Calls `listener` when a user presses a key or a pointer on this page. Returns a function that removes `listener`. */
  onActivation(listener: () => void): () => void;
}

/** The wall clock. `Date.now` is called anew each time, so that fake timers work. */
export const wallClock: Pick<Clock, "now"> = { now: () => Date.now() };
