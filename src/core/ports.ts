import type { TabMessage } from "./message.ts";
import type { ConfigurationError } from "./errors.ts";

/** The source of time. Tests replace it. */
export interface Clock {
  /** Returns the time of the wall clock. Milliseconds since the epoch. */
  now(): number;
  /** Returns the time of a clock that never jumps. Milliseconds since an arbitrary fixed time. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds, or rejects with the signal's reason once `signal` is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The source of random values. Tests replace it. */
export interface Random {
  /** Returns a new identifier of at least 122 bits. */
  id(): string;
  /** Returns a number that is at least 0 and less than 1. */
  fraction(): number;
}

/**
 * Sends messages to every tab of one client. The sending tab also receives its own messages, and handles them like messages of
 * other tabs.
 */
export interface TabChannel {
  /** Sends `message` to every tab. */
  post(message: TabMessage): void;
  /** Calls `listener` with each message. Returns a function that removes `listener`. */
  listen(listener: (message: TabMessage) => void): () => void;
}

/** The options of one lock request. */
export interface TabLockOptions {
  mode: "exclusive" | "shared";
  /**
   * If true, the request does not wait for the lock. If the lock is not available at once, `callback` is called with `false`
   * and without the lock.
   */
  ifAvailable?: boolean;
  /**
   * Aborts the wait for the lock, so that the request rejects with the signal's reason. An abort does not release a lock that
   * is already held.
   */
  signal?: AbortSignal;
}

/**
 * Locks between the tabs of one origin. A lock is held until the promise of the callback settles. If the tab closes or crashes
 * before that, the browser releases the lock.
 * @see https://w3c.github.io/web-locks/
 */
export interface TabLock {
  /** Waits for the lock and calls `callback` while the lock is held. Returns the result of `callback`. */
  request<T>(
    name: string,
    options: TabLockOptions,
    callback: (granted: boolean) => Promise<T>,
  ): Promise<T>;
  /**
   * Asks the browser for the state of all locks, and ignores the answer. The question has a side effect: browsers then release
   * the locks of pages in the bfcache.
   */
  query(): Promise<void>;
}

/**
 * An event in the lifecycle of a page. After `freeze` or `pagehide` the page might never run again. After `resume`, and after
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
  /** Whether the page is frozen or in the bfcache. Such a page must not start new work, because its timers might not run. */
  frozen(): boolean;
  /** Calls `listener` with each event. Returns a function that removes `listener`. */
  onEvent(listener: (event: PageEvent) => void): () => void;
}

/** Access to this page: its URL, its lifecycle and its navigation. Tests replace it. */
export interface Page {
  readonly lifecycle: PageLifecycle;
  /**
   * Returns an error if an `Auth` cannot work on this page: no browser, no secure context, or a missing API. Otherwise returns
   * undefined.
   */
  unsupported(): ConfigurationError | undefined;
  /** Returns the page's URL. */
  href(): string;
  /** Navigates this page to `url`. */
  navigate(url: string): void;
  /** Replaces the URL in the address bar without loading the new URL. */
  replaceUrl(url: string): void;
  /** Whether this page is a visible top-level page. No other page is allowed to navigate to the login page without a click. */
  canNavigate(): boolean;
  /** Calls `listener` when a user presses a key or a pointer on this page. Returns a function that removes `listener`. */
  onActivation(listener: () => void): () => void;
}

/** The wall clock of this device. `Date.now` is looked up at each call, so that fake timers in tests work. */
export const wallClock: Pick<Clock, "now"> = { now: () => Date.now() };
