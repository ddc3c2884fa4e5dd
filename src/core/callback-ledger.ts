/**
 * Stores records of handled authorization responses and of expected logout responses. The key of each record is the `state` of
 * the response. Implementations delete old records.
 */
export interface CallbackLedger {
  get(state: string): Promise<CallbackRecord | undefined>;
  put(state: string, record: CallbackRecord): Promise<void>;
}

/** A handled authorization response, or an expected logout response. */
export type CallbackRecord = LoginRecord | LogoutRecord;

/** The result of a handled authorization response. A second `handleCallback()` with the same response returns this result. */
export interface LoginRecord {
  /** `sub` of the user who logged in. No other claim is stored. */
  readonly sub: string;
  readonly returnTo?: string;
}

/** A record of a logout that this app has started. The server might redirect the browser to the app after the logout. */
export interface LogoutRecord {
  readonly loggedOut: true;
}
