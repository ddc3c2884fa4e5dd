import { type Run, ownerLock, broadcast } from "./run.ts";

/**
 * Makes this tab the owner of one attempt. The owner is the tab that sends the attempt's requests.
 * - The owner holds a lock and responds to `probe` messages. So the other tabs know that the owner is alive.
 * - If the page closes, the owner releases the lock.
 * - If the page freezes before the first send, the owner releases the lock too.
 */
export class Owner {
  readonly id: string;
  readonly #run: Run;
  readonly #release = new AbortController();
  #sessionId = "";
  #sequence = 0;
  #firstSentAt: number | undefined;
  #tickedAt = 0;

  constructor(run: Run) {
    this.#run = run;
    this.id = run.ports.random.id();
  }

  /**
   * Gets the lock, runs `work` and returns the result of `work`. When `work` ends, releases the lock. If `leave()` is called,
   * the lock is released at once, although `work` still runs.
   */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    const { locks, channel, page } = this.#run.ports;
    const unlisten = channel.listen((message) => {
      if (message.type === "probe" && message.attemptId === this.id) this.#response(message.nonce);
    });
    const unwatch = page.onEvent((event) => {
      if (event === "pagehide" || (event === "freeze" && this.#firstSentAt === undefined))
        this.leave();
    });
    const ended = new AbortController();
    void this.#tick(ended.signal);
    let result: Promise<T> | undefined;
    try {
      await locks.request(ownerLock(this.id), { mode: "exclusive" }, async () => {
        result = work();
        await Promise.race([result.catch(() => {}), this.#released()]);
      });
      return await result!;
    } finally {
      ended.abort();
      unlisten();
      unwatch();
    }
  }

  /** Whether the owner has released its lock. An owner that has released its lock must not send requests. */
  get isReleased(): boolean {
    return this.#release.signal.aborted;
  }

  /** The time that has passed since the first send. Milliseconds. 0 if nothing has been sent yet. */
  get age(): number {
    return this.#firstSentAt === undefined
      ? 0
      : this.#run.ports.clock.monotonic() - this.#firstSentAt;
  }

  /** Sets the session's id and the attempt's sequence number. The owner's messages contain both. */
  claimed(sessionId: string, sequence: number): void {
    this.#sessionId = sessionId;
    this.#sequence = sequence;
  }

  /** Records the time of the first send. */
  sending(): void {
    this.#firstSentAt ??= this.#run.ports.clock.monotonic();
  }

  /** Releases the lock. If this tab has stored the attempt, also broadcasts the message `gone`. */
  leave(): void {
    if (this.isReleased) return;
    const unsent = this.#firstSentAt === undefined;
    if (this.#sequence > 0)
      broadcast(this.#run, this.#sessionId, {
        type: "gone",
        sequence: this.#sequence,
        attemptId: this.id,
        unsent,
      });
    this.#release.abort();
  }

  #released(): Promise<void> {
    const { signal } = this.#release;
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve());
    });
  }

  #response(nonce: string): void {
    const { clock, page } = this.#run.ports;
    broadcast(this.#run, this.#sessionId, {
      type: "alive",
      sequence: this.#sequence,
      attemptId: this.id,
      nonce,
      frozen: page.frozen(),
      tickAgeMs: clock.monotonic() - this.#tickedAt,
    });
  }

  /**
   * Records the time at every tick, until `ended` aborts. A frozen page might still respond to messages, but its timers do not
   * run, so the recorded time gets old. Each response to a `probe` message contains the age of the recorded time.
   */
  async #tick(ended: AbortSignal): Promise<void> {
    const { clock } = this.#run.ports;
    while (!ended.aborted) {
      this.#tickedAt = clock.monotonic();
      await clock.sleep(this.#run.timing.tickMs, ended).catch(() => {});
    }
  }
}
