/** What became of the responses that a server sent the page back with, by `state`. Old ones are forgotten. */
export interface CallbackLedger {
  get(state: string): Promise<CallbackRecord | undefined>;
  put(state: string, record: CallbackRecord): Promise<void>;
}

export type CallbackRecord = LoginRecord | LogoutRecord;

/** An authorization response that was handled, so that a second look gives the same result. Nothing of it is a person's claim. */
export interface LoginRecord {
  readonly sub: string;
  readonly returnTo?: string;
}

/** A sign-out whose answer may come. */
export interface LogoutRecord {
  readonly signedOut: true;
}
