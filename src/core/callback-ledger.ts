import type { CallbackResult } from "./auth.ts";

/** Handled authorization responses by `state`, so that a second look gives the same result. Old ones are forgotten. */
export interface CallbackLedger {
  get(state: string): Promise<CallbackRecord | undefined>;
  put(state: string, record: CallbackRecord): Promise<void>;
}

/** A `CallbackResult` without the person's claims. */
export interface CallbackRecord extends Omit<CallbackResult, "user"> {
  sub: string;
}
