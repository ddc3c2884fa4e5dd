/**
 * Stores records of authorization responses that were handled, and of logout responses that are expected. The key of a record
 * is the `state` of the response. Implementations delete old records.
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

/** Says that the app has started a logout. After the logout, the server might send the page back to the app. */
export interface LogoutRecord {
  readonly loggedOut: true;
}
