/**
 * The code and the URL with which a user logs in on another device.
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.3
 */
export interface DeviceCode {
  /** The code that the user enters at `verificationUri`. The app must show the code unchanged. */
  readonly userCode: string;
  /** A short URL that the user opens on the other device. */
  readonly verificationUri: string;
  /**
   * A URL that contains the code, for a QR code or a link. The app must also show `userCode`, so that the user can compare the
   * codes on both devices.
   */
  readonly verificationUriComplete?: string;
  /** When the code expires. Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * The status of a device login. Every status except `waiting` and `retrying` is final.
 * - `waiting`: the user has not decided yet.
 * - `retrying`: the server does not respond, but the code is still valid.
 * - `cancelled`: the app aborted the login, the user dismissed the prompt, or a new code replaced the shown code.
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
  /** Aborted when the login has ended. The listeners receive the final status before the abort. */
  readonly signal: AbortSignal;
  /** Calls `listener` once with the current status, and again after each change. Returns a function that removes `listener`. */
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
   * Shows `code`. The login does not wait for this method. If the method returns `{ type: "dismiss" }`, the login rejects with
   * a `CancelledError`. If the method throws, the error is reported as uncaught, and the login continues.
   */
  showCode(
    code: DeviceCode,
    options: DevicePromptOptions,
  ): Promise<DeviceChoice | void> | DeviceChoice | void;
}
