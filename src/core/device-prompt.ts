/**
 * The code and the URL with which a user logs in on another device.
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.3
 */
export interface DeviceCode {
  /** The user enters this code at `verificationUri`. Show the code unchanged. */
  readonly userCode: string;
  /** The URL that the user opens on the other device. It is short enough to type. */
  readonly verificationUri: string;
  /**
   * A URL that contains the code, for a QR code or a link. Show `userCode`, too, so that the user can compare it with the code
   * on the other device.
   */
  readonly verificationUriComplete?: string;
  /** When the code expires. Milliseconds since the epoch. The remaining time is `expiresAt - Date.now()`. */
  readonly expiresAt: number;
}

/**
 * The status of a device login.
 * - `waiting`: the user has not decided yet.
 * - `retrying`: the server does not respond, but the code is still valid.
 * - `cancelled`: the app aborted the login, the user dismissed the prompt, or a new code replaced the shown code.
 *
 * Every status except `waiting` and `retrying` is final.
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
  /** This signal is aborted when the login has ended. Before the abort, the listeners are called with the last status. */
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
   * Shows `code`. Meanwhile the login goes on, so the method can return at once, later or never. If the method returns `{ type:
   * "dismiss" }`, the login rejects with a `CancelledError`. If the method throws, the error is reported as uncaught, and the
   * login goes on.
   */
  showCode(
    code: DeviceCode,
    options: DevicePromptOptions,
  ): Promise<DeviceChoice | void> | DeviceChoice | void;
}
