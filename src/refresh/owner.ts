import { ownerLock } from "../core/keys.ts";
import { type Run, broadcast } from "./run.ts";

/**
 * This tab as the owner of a refresh attempt. Only the owner sends the requests of the attempt. The owner holds a lock and
 * responds to `probe` messages, so the other tabs know that the owner is alive.
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
   * Runs `work` while this tab holds the lock of the attempt, and returns the result of `work`. If `leave()` is called, the
   * lock is released at once, and `work` continues.
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

  /** Whether this tab has released the lock of the attempt. After the release, this tab must not send requests. */
  get isReleased(): boolean {
    return this.#release.signal.aborted;
  }

  /** The time since the first send. Milliseconds. Before the first send, the value is 0. */
  get age(): number {
    return this.#firstSentAt === undefined
      ? 0
      : this.#run.ports.clock.monotonic() - this.#firstSentAt;
  }

  /** Sets the session id and the sequence number for this tab's messages to the other tabs. */
  claimed(sessionId: string, sequence: number): void {
    this.#sessionId = sessionId;
    this.#sequence = sequence;
  }

  /** Records the time of the first send. Later calls change nothing. */
  sending(): void {
    this.#firstSentAt ??= this.#run.ports.clock.monotonic();
  }

  /** Releases the lock of the attempt. If the attempt is already stored, first sends the message `gone` to the other tabs. */
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
   * Records the time every `tickMs` milliseconds. The timers of a frozen page do not run, so an old time shows the other tabs
   * that this page is frozen.
   */
  async #tick(ended: AbortSignal): Promise<void> {
    const { clock } = this.#run.ports;
    while (!ended.aborted) {
      this.#tickedAt = clock.monotonic();
      await clock.sleep(this.#run.timing.tickMs, ended).catch(() => {});
    }
  }
}
