import type { CallbackLedger, CallbackRecord } from "../../src/core/callback-ledger.ts";

/** Stores handled authorization responses in this process's memory. */
export class MemoryCallbackLedger implements CallbackLedger {
  readonly #records = new Map<string, CallbackRecord>();

  get(state: string): Promise<CallbackRecord | undefined> {
    return Promise.resolve(this.#records.get(state));
  }

  put(state: string, record: CallbackRecord): Promise<void> {
    this.#records.set(state, record);
    return Promise.resolve();
  }
}
