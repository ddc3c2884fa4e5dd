import { PopupBlockedError } from "../../core/protocol-errors.ts";
import type { RoundTrip, UserAgent } from "../../core/user-agent.ts";
import { awaitResponse } from "./await-response.ts";
import { resolveRedirectUri } from "./redirect-uri.ts";

/** Options of a `PopupUserAgent`. */
export interface PopupOptions {
  /** The login fails when the user has not finished it after this time. Milliseconds. Default: 600,000. */
  readonly timeoutMs?: number;
  /** The width of the popup window. CSS pixels. Default: 480. */
  readonly width?: number;
  /** The height of the popup window. CSS pixels. Default: 640. */
  readonly height?: number;
}

/**
 * Sends the authorization request from a popup window, so that this page stays open.
 * The page at the redirect URI must call `relayResponse()`.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1
 * @example
 * const popup = new PopupUserAgent("/popup.html");
 * const button = document.querySelector("button")!;
 * button.onclick = () => auth.login({ userAgent: popup });
 */
export class PopupUserAgent implements UserAgent {
  readonly #redirectUri: string;
  readonly #options: PopupOptions;

  /** @param redirectUri the absolute or relative URL of a page that calls `relayResponse()`. Register it at the server. */
  constructor(redirectUri: string, options: PopupOptions = {}) {
    this.#redirectUri = redirectUri;
    this.#options = options;
  }

  /**
   * Opens the popup window. Call this method in a click handler, because browsers block popups that no click has caused.
   * @throws PopupBlockedError the browser did not open a window
   * @throws ConfigurationError the redirect URI has another origin than this page
   */
  open(): RoundTrip {
    const { timeoutMs = 600_000 } = this.#options;
    const redirectUri = resolveRedirectUri(this.#redirectUri);
    const popup = window.open("", "_blank", featuresOf(this.#options));
    if (!popup) throw new PopupBlockedError();
    popup.focus();
    const leaving = new AbortController();
    return {
      redirectUri,
      navigate: (url) =>
        awaitResponse(url, {
          redirectUri,
          timeoutMs,
          left: leaving.signal,
          start: () => popup.location.replace(url),
          isClosed: watchClosing(popup),
        }),
      close: () => {
        leaving.abort();
        popup.close();
      },
    };
  }
}

/** Returns the `features` for `window.open()` that center the popup over the window of this page. */
function featuresOf({ width = 480, height = 640 }: PopupOptions): string {
  const left = Math.round(screenX + (outerWidth - width) / 2);
  const top = Math.round(screenY + (outerHeight - height) / 2);
  return `popup,width=${width},height=${height},left=${left},top=${top}`;
}

/**
 * After the popup has closed, this page must have the focus for more than this many polls (one per 250 ms) before the login
 * counts as cancelled. The wait is needed, because a response can still arrive just after the popup has closed.
 */
const GRACE = 4;
/**
 * This value replaces `GRACE` if `popup.closed` might be wrong. The wait is longer, because the popup might still be open, and
 * the user might return to it.
 */
const CUT_OFF_GRACE = 40;

/**
 * Returns a function that returns true once the user has closed the popup. Call it at each poll. `popup.closed` alone is not
 * reliable: if a page in the popup has a Cross-Origin-Opener-Policy, the browser cuts the popup off from this page.
 * `popup.closed` is then true although the popup is open. So this page must also have had the focus for more than `GRACE`
 * polls, or for more than `CUT_OFF_GRACE` polls if the popup might be cut off.
 */
function watchClosing(popup: Window): () => boolean {
  let [closedPolls, pollsWithoutFocus, pollsWithFocus] = [0, 0, 0];
  let hadFocus = true;
  let isCutOff = false;
  return () => {
    const hasFocus = document.hasFocus();
    if (!popup.closed) {
      hadFocus = hasFocus;
      return false;
    }
    // If this page had the focus just before `popup.closed` became true, the user cannot have closed the popup. So the popup is
    // still open, and the browser has cut the connection between this page and the popup.
    isCutOff ||= closedPolls++ === 0 && hadFocus;
    pollsWithoutFocus = hasFocus ? 0 : pollsWithoutFocus + 1;
    isCutOff ||= pollsWithoutFocus > GRACE;
    pollsWithFocus = hasFocus ? pollsWithFocus + 1 : 0;
    return pollsWithFocus > (isCutOff ? CUT_OFF_GRACE : GRACE);
  };
}
