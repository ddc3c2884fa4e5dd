/**
 * Stores which authorization responses were handled and which logout responses are expected, by their `state`. Implementations
 * delete old records.
 */
export interface CallbackLedger {
  get(state: string): Promise<CallbackRecord | undefined>;
  put(state: string, record: CallbackRecord): Promise<void>;
}

/** A handled authorization response, or an expected logout response. */
export type CallbackRecord = LoginRecord | LogoutRecord;

/** The result of a handled authorization response. A second call with the same response returns this result. */
export interface LoginRecord {
  /** `sub` of the user who logged in. No other claim is stored. */
  readonly sub: string;
  readonly returnTo?: string;
}

/** A logout response that is expected, because the server might send the page back to the app after a logout. */
export interface LogoutRecord {
  readonly signedOut: true;
}
