import type { TabMessage } from "./message.ts";
import type { ConfigurationError } from "./errors.ts";

/** The source of time. Tests pass a fake clock. */
export interface Clock {
  /** Returns the current time of the wall clock. Milliseconds since the epoch. */
  now(): number;
  /** Returns the current time of a clock that never jumps. Milliseconds since an arbitrary fixed time. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds. If `signal` is aborted during this time, rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The source of random values. Tests pass a predictable source. */
export interface Random {
  /** Returns a new identifier with at least 122 random bits. */
  id(): string;
  /** Returns a number that is at least 0 and less than 1. */
  fraction(): number;
}

/** Sends messages to all tabs of one OAuth client. The sending tab also receives its own messages. */
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
   * If true, the request does not wait for the lock. If the lock is not free, the request calls its callback with `false`, and
   * the callback runs without the lock.
   */
  ifAvailable?: boolean;
  /**
   * Aborts the wait for the lock. The request then rejects with the signal's reason. If the request already holds the lock, an
   * abort has no effect.
   */
  signal?: AbortSignal;
}

/**
 * Locks that all tabs of one origin share. A tab holds a lock until the promise of the callback settles. If the tab closes or
 * crashes earlier, the browser releases the lock.
 * @see https://w3c.github.io/web-locks/
 */
export interface TabLock {
  /** Waits for the lock `name`, and calls `callback` while this tab holds the lock. Returns the result of `callback`. */
  request<T>(
    name: string,
    options: TabLockOptions,
    callback: (granted: boolean) => Promise<T>,
  ): Promise<T>;
  /**
   * Queries the state of all locks, and ignores the result. The query has a useful side effect: the browser releases the locks
   * of pages in the bfcache.
   */
  query(): Promise<void>;
}

/**
 * An event in the lifecycle of a page. After `freeze` or `pagehide`, the page might never run again. After `resume` or
 * `pageshow`, the page runs again. `pageshow` is sent only for a page from the bfcache.
 */
export type PageEvent = "freeze" | "resume" | "pagehide" | "pageshow" | "visible" | "online";

/**
 * The lifecycle of this page.
 * @see https://wicg.github.io/page-lifecycle/
 */
export interface PageLifecycle {
  /** Returns false only if the browser reports that the device is offline. */
  online(): boolean;
  /** Whether the page is visible. */
  visible(): boolean;
  /**
   * Whether the page is frozen or in the bfcache. The timers of such a page might not run, so the page must not start new work.
   */
  frozen(): boolean;
  /** Calls `listener` with each lifecycle event of the page. Returns a function that removes `listener`. */
  onEvent(listener: (event: PageEvent) => void): () => void;
}

/** Gives access to this page: its URL, its lifecycle and its navigation. Tests pass a fake page. */
export interface Page {
  readonly lifecycle: PageLifecycle;
  /** Whether there is a page at all. False in Node and in workers. */
  isDocument(): boolean;
  /**
   * Returns an error if Latchkey cannot work on this page, for example because the page has no secure context. Otherwise
   * returns undefined.
   */
  unsupported(): ConfigurationError | undefined;
  /** Returns the page's URL. */
  href(): string;
  /** Navigates this page to `url`. */
  navigate(url: string): void;
  /** Navigates this page to `url`. The session history has `url` instead of this page. */
  replace(url: string): void;
  /** Replaces the URL in the address bar without a navigation. */
  replaceUrl(url: string): void;
  /** Whether this page is visible and not in a frame. Only such a page may navigate to the login page without a click. */
  canNavigate(): boolean;
  /** Shows a line for the developer in the console of a development build. */
  warn(message: string): void;
  /** Calls `listener` when the user presses a key or clicks on this page. Returns a function that removes `listener`. */
  onActivation(listener: () => void): () => void;
}

/** The wall clock of this device. Each call looks up `Date.now` again, because fake timers in tests replace `Date.now`. */
export const wallClock: Pick<Clock, "now"> = { now: () => Date.now() };

/** The longest delay of a timer. A timer with a longer delay ends at once. Milliseconds. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;
