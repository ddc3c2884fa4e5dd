import { type Run, ownerLock, broadcast } from "./run.ts";

/** The owner of one attempt: holds the attempt's lock, responds to `probe` messages and follows the page lifecycle. */
export class Owner {
  readonly id: string;
  readonly #run: Run;
  readonly #release = new AbortController();
  #sessionId = "";
  #seq = 0;
  #firstSentAt: number | undefined;
  #tickedAt = 0;

  constructor(run: Run) {
    this.#run = run;
    this.id = run.ports.random.id();
  }

  /** Holds the lock until `work` is done or `leave()` is called. Returns the result of `work`. */
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

  /** The owner has released its lock, so it must not send any more. */
  get isReleased(): boolean {
    return this.#release.signal.aborted;
  }

  /** The time since the first send; 0 before it. Milliseconds. */
  get age(): number {
    return this.#firstSentAt === undefined
      ? 0
      : this.#run.ports.clock.monotonic() - this.#firstSentAt;
  }

  /** Sets the attempt that messages name. */
  claimed(sessionId: string, sequence: number): void {
    this.#sessionId = sessionId;
    this.#seq = sequence;
  }

  /** Records the time of the first send. */
  sending(): void {
    this.#firstSentAt ??= this.#run.ports.clock.monotonic();
  }

  /** Releases the lock and broadcasts `gone`. */
  leave(): void {
    if (this.isReleased) return;
    const unsent = this.#firstSentAt === undefined;
    if (this.#seq > 0)
      broadcast(this.#run, this.#sessionId, {
        type: "gone",
        sequence: this.#seq,
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
      sequence: this.#seq,
      attemptId: this.id,
      nonce,
      frozen: page.frozen(),
      tickAgeMs: clock.monotonic() - this.#tickedAt,
    });
  }

  /** A frozen page may still respond to messages. Only its timers show that it is frozen. */
  async #tick(ended: AbortSignal): Promise<void> {
    const { clock } = this.#run.ports;
    while (!ended.aborted) {
      this.#tickedAt = clock.monotonic();
      await clock.sleep(this.#run.timing.tickMs, ended).catch(() => {});
    }
  }
}
