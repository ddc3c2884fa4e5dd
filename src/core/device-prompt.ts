/** What a person needs to sign in on another device. @see RFC 8628 section 3.3 */
export interface DeviceCode {
  /** To be typed at `verificationUri`, as it is. */
  readonly userCode: string;
  /** Short enough to be typed. */
  readonly verificationUri: string;
  /** With the code in it, for a QR code or a link. Show the code all the same: people compare. */
  readonly verificationUriComplete?: string;
  /** Milliseconds since the epoch: what is left is this minus `Date.now()`. */
  readonly expiresAt: number;
}

/**
 * How a device login stands: `waiting` for the person; `retrying` because the server does not answer, while the code stays
 * good; the others are ends. `cancelled`: this call was left, or another code took the place of this one.
 */
export type DeviceStatus =
  | "waiting"
  | "retrying"
  | "approved"
  | "denied"
  | "expired"
  | "cancelled"
  | "failed";

export type DeviceChoice = { readonly type: "dismiss" };

export interface DevicePromptOptions {
  /** Aborted when it is over, after the last status. */
  readonly signal: AbortSignal;
  /** Calls `listener` with the status now and after each change. Returns its undo. */
  readonly subscribe: (listener: (status: DeviceStatus) => void) => () => void;
}

/** Shows a person the code of a device login. */
export interface DevicePrompt {
  /**
   * May return at once or never: nobody waits for it. `{ type: "dismiss" }` says that the person does not want to, and ends
   * the call with a `CancelledError`. What it throws is reported as uncaught, and the login goes on.
   */
  showCode(
    code: DeviceCode,
    options: DevicePromptOptions,
  ): Promise<DeviceChoice | void> | DeviceChoice | void;
}
