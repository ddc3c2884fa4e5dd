/** The handled authorization responses and the expected logout responses, by `state`. Old records are deleted. */
export interface CallbackLedger {
  get(state: string): Promise<CallbackRecord | undefined>;
  put(state: string, record: CallbackRecord): Promise<void>;
}

/** A handled authorization response, or an expected logout response. */
export type CallbackRecord = LoginRecord | LogoutRecord;

/** A handled authorization response. A second call with the same response returns the same result. */
export interface LoginRecord {
  /** The user who logged in; no other claim is stored. */
  readonly sub: string;
  readonly returnTo?: string;
}

/** A logout after which the server may send the page back. */
export interface LogoutRecord {
  readonly signedOut: true;
}
