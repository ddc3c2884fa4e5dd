import { PopupBlockedError } from "../../core/protocol-errors.ts";
import type { RoundTrip, UserAgent } from "../../core/user-agent.ts";
import { awaitResponse } from "./await-response.ts";
import { resolveRedirectUri } from "./redirect-uri.ts";

/** Options of a `PopupUserAgent`. */
export interface PopupOptions {
  /** If no authorization response arrives within this time, the login fails. Milliseconds. Default: 600,000. */
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

  /**
   * @param redirectUri the absolute or relative URL of a page that calls `relayResponse()`. Register this URL at the server.
   */
  constructor(redirectUri: string, options: PopupOptions = {}) {
    this.#redirectUri = redirectUri;
    this.#options = options;
  }

  /**
   * Opens the popup window. Call this method in a click handler, because browsers block popups that open without a click.
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

/** Returns the `features` argument of `window.open()`. The popup is centered over the window of this page. */
function featuresOf({ width = 480, height = 640 }: PopupOptions): string {
  const left = Math.round(screenX + (outerWidth - width) / 2);
  const top = Math.round(screenY + (outerHeight - height) / 2);
  return `popup,width=${width},height=${height},left=${left},top=${top}`;
}

/**
 * After the popup has closed, a response can still arrive. So this page waits for this number of polls before it cancels the
 * login. There is one poll every 250 ms.
 */
const GRACE = 4;
/**
 * This number replaces `GRACE` if the popup might still be open although `popup.closed` is true. The user might return to the
 * popup.
 */
const CUT_OFF_GRACE = 40;

/**
 * Returns a function that returns true when the user has closed the popup. Call this function at each poll.
 *
 * `popup.closed` alone is not reliable. If a page in the popup has a Cross-Origin-Opener-Policy, `popup.closed` is true
 * although the popup is open. So the function also counts the polls at which this page has the focus.
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
    // A user who closes the popup first moves the focus to the popup. If this page still had the focus at the previous poll,
    // the browser has separated the popup from this page, and the popup might be open.
    isCutOff ||= closedPolls++ === 0 && hadFocus;
    pollsWithoutFocus = hasFocus ? 0 : pollsWithoutFocus + 1;
    isCutOff ||= pollsWithoutFocus > GRACE;
    pollsWithFocus = hasFocus ? pollsWithFocus + 1 : 0;
    return pollsWithFocus > (isCutOff ? CUT_OFF_GRACE : GRACE);
  };
}
