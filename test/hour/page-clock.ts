/** The driver of a simulated hour calls this in each page. */
export interface PageClock {
  /**
   * Moves the page's clock, calls the timers that are due, and waits for the work that they start.
   * Resolves to the time of the next timer, or to `undefined` while the page navigates to another page.
   */
  advance(to: number): Promise<number | undefined>;
}

declare global {
  interface Window {
    pageClock?: PageClock;
  }
}

/**
 * Runs in a page before the page's own scripts. Only the driver moves the page's clock: `Date`, `performance.now()`, timers and
 * `AbortSignal.timeout()`. Requests, IndexedDB, locks, channels and cryptography are real, and the driver moves no clock while
 * they work. So the result does not depend on the speed of the machine.
 */
export function installPageClock(now: number): void {
  const RealDate = Date;
  const realNow = performance.now.bind(performance);
  const realTimeout = window.setTimeout.bind(window);
  /** After this long without activity, the page counts as waiting for a timer. Real milliseconds. */
  const QUIET_MS = 4;

  const start = now;

  interface Timer {
    due: number;
    readonly everyMs: number | undefined;
    readonly call: () => void;
  }
  const timers = new Map<number, Timer>();
  let lastId = 0;
  let working = 0;
  let activity = 0;
  let isLeaving = false;

  function begin(): () => void {
    working += 1;
    activity += 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      working -= 1;
      activity += 1;
    };
  }

  type Method<T> = (this: unknown, ...args: unknown[]) => T;

  /** Counts what the method starts as work, until its promise settles. */
  function countPromises(target: object, name: string): void {
    const owner = target as Record<string, Method<Promise<unknown>>>;
    const real = owner[name]!;
    owner[name] = function (...args) {
      const end = begin();
      const result = real.apply(this, args);
      result.then(end, end);
      return result;
    };
  }

  /** Counts what the method starts as work, until one of these events. */
  function countUntil(target: object, name: string, types: readonly string[]): void {
    const owner = target as Record<string, Method<EventTarget>>;
    const real = owner[name]!;
    owner[name] = function (...args) {
      const end = begin();
      const result = real.apply(this, args);
      for (const type of types) result.addEventListener(type, end);
      return result;
    };
  }

  function addTimer(call: unknown, ms: unknown, args: unknown[], isInterval: boolean): number {
    if (typeof call !== "function") throw new TypeError("a timer needs a function");
    // Whole milliseconds: a timer with a fraction would fire before `Date.now()` shows its time.
    const delayMs = Math.max(0, Math.ceil(Number(ms) || 0));
    lastId += 1;
    activity += 1;
    timers.set(lastId, {
      due: now + delayMs,
      everyMs: isInterval ? Math.max(1, delayMs) : undefined,
      call: () => void call(...args),
    });
    return lastId;
  }

  function nextTimer(): [number, Timer] | undefined {
    let next: [number, Timer] | undefined;
    for (const entry of timers) if (!next || entry[1].due < next[1].due) next = entry;
    return next;
  }

  async function callTimersUntil(to: number): Promise<void> {
    for (let next = nextTimer(); next && next[1].due <= to; next = nextTimer()) {
      const [id, timer] = next;
      now = Math.max(now, timer.due);
      if (timer.everyMs === undefined) timers.delete(id);
      else timer.due = now + timer.everyMs;
      try {
        timer.call();
      } catch (error) {
        reportError(error);
      }
      await new Promise((resolve) => realTimeout(resolve, 0));
    }
    now = Math.max(now, to);
  }

  async function untilQuiet(): Promise<void> {
    const deadline = realNow() + 20_000;
    let seen: number;
    const isQuiet = () => isLeaving || (working === 0 && seen === activity);
    do {
      seen = activity;
      await callTimersUntil(now);
      // The browser grants this lock after all earlier requests of this page that it can grant.
      await navigator.locks.request("page-clock", { mode: "shared" }, () => {});
      await new Promise((resolve) => realTimeout(resolve, QUIET_MS));
      if (realNow() > deadline) throw new Error("the page does not become idle within 20 s");
    } while (!isQuiet());
  }

  window.Date = class extends RealDate {
    constructor(...args: []) {
      if (args.length === 0) super(now);
      else super(...args);
    }
    static override now(): number {
      return now;
    }
  } as DateConstructor;
  performance.now = () => now - start;
  Object.assign(window, {
    setTimeout: (call: unknown, ms?: unknown, ...args: unknown[]) =>
      addTimer(call, ms, args, false),
    setInterval: (call: unknown, ms?: unknown, ...args: unknown[]) =>
      addTimer(call, ms, args, true),
    clearTimeout: (id: number) => timers.delete(id),
    clearInterval: (id: number) => timers.delete(id),
  });
  AbortSignal.timeout = (ms) => {
    const controller = new AbortController();
    addTimer(() => controller.abort(new DOMException("timed out", "TimeoutError")), ms, [], false);
    return controller.signal;
  };

  countPromises(window, "fetch");
  for (const name of ["arrayBuffer", "blob", "json", "text"]) {
    countPromises(Response.prototype, name);
  }
  for (const name of ["digest", "exportKey", "generateKey", "importKey", "sign", "verify"]) {
    countPromises(SubtleCrypto.prototype, name);
  }
  countUntil(IDBDatabase.prototype, "transaction", ["complete", "abort"]);
  countUntil(IDBFactory.prototype, "open", ["success", "error", "blocked"]);
  navigation.addEventListener("navigate", ({ destination }) => {
    if (!destination.sameDocument) isLeaving = true;
  });
  navigation.addEventListener("navigateerror", () => {
    isLeaving = false;
  });

  const loaded = new Promise((resolve) => addEventListener("load", resolve, { once: true }));
  window.pageClock = {
    async advance(to) {
      await loaded;
      await callTimersUntil(to);
      await untilQuiet();
      return isLeaving ? undefined : (nextTimer()?.[1].due ?? Number.MAX_VALUE);
    },
  };
}
