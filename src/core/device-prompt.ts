/**
 * What a user needs to log in on another device.
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.3
 */
export interface DeviceCode {
  /** The user enters this code at `verificationUri`. Show the code unchanged. */
  readonly userCode: string;
  /** A URL that is short enough to type. */
  readonly verificationUri: string;
  /** The URL with the code in it, for a QR code or a link. Show `userCode`, too: the user compares the two codes. */
  readonly verificationUriComplete?: string;
  /** Milliseconds since the epoch. The remaining time is `expiresAt - Date.now()`. */
  readonly expiresAt: number;
}

/**
 * The status of a device login. `waiting`: the user has not decided yet. `retrying`: the server does not respond, and the
 * code stays valid. The other values are final. `cancelled`: the call was aborted or dismissed, or another code replaced this
 * one.
 */
export type DeviceStatus =
  | "waiting"
  | "retrying"
  | "approved"
  | "denied"
  | "expired"
  | "cancelled"
  | "failed";

/** The user's choice in a device prompt. `dismiss` cancels the login. */
export type DeviceChoice = { readonly type: "dismiss" };

/** The options of `showCode()`. */
export interface DevicePromptOptions {
  /** Aborted when the login has ended, after the last status. */
  readonly signal: AbortSignal;
  /** Calls `listener` with the current status and after each change. Returns a function that removes `listener`. */
  readonly subscribe: (listener: (status: DeviceStatus) => void) => () => void;
}

/**
 * Shows the user the code of a device login.
 * @example
 * const prompt: DevicePrompt = {
 *   showCode: ({ userCode, verificationUri }, { signal }) => {
 *     document.title = `Open ${verificationUri} and enter ${userCode}`;
 *     signal.addEventListener("abort", () => (document.title = "Done"));
 *   },
 * };
 */
export interface DevicePrompt {
  /**
   * Shows `code`. The login does not wait for this method, which may return at once or never. `{ type: "dismiss" }` cancels
   * the login with a `CancelledError`. An error that this method throws is reported as uncaught, and the login goes on.
   */
  showCode(
    code: DeviceCode,
    options: DevicePromptOptions,
  ): Promise<DeviceChoice | void> | DeviceChoice | void;
}
