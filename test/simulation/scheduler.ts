/** A callback that runs at an instant of virtual time. */
export interface Job {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Virtual time: runs one job after the other, and after each job all its microtasks. */
export class Scheduler {
  /** Milliseconds since the run began. */
  now = 0;
  #order = 0;
  readonly #heap: Job[] = [];

  after(ms: number, run: () => void): Job {
    const job = { at: this.now + Math.max(0, ms), order: this.#order++, run };
    this.#push(job);
    return job;
  }

  cancel(job: Job): void {
    job.run = undefined;
  }

  /** Runs jobs until `end`, until `isOver` returns true, or until no job remains. */
  async run(end: number, isOver: () => boolean = () => false): Promise<void> {
    await turn();
    for (;;) {
      const job = this.#heap[0];
      if (!job || job.at > end || isOver()) break;
      this.#pop();
      if (!job.run) continue;
      this.now = job.at;
      job.run();
      await settled();
    }
    if (!isOver()) this.now = end;
  }

  #push(job: Job): void {
    const heap = this.#heap;
    let i = heap.push(job) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(job, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = job;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

function isBefore(a: Job, b: Job): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Resolves after all chained microtasks. `nextTick` inside a microtask does that, and costs less than a macrotask. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
