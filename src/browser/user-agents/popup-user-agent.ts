import { PopupBlockedError } from "../../core/protocol-errors.ts";
import type { RoundTrip, UserAgent } from "../../core/user-agent.ts";
import { awaitResponse } from "./await-response.ts";
import { resolveRedirectUri } from "./redirect-uri.ts";

/** Options of a `PopupUserAgent`. */
export interface PopupOptions {
  /** How long the user may take to log in. Milliseconds; default: 600,000. */
  readonly timeoutMs?: number;
  /** Width of the window. CSS pixels; default: 480. */
  readonly width?: number;
  /** Height of the window. CSS pixels; default: 640. */
  readonly height?: number;
}

/**
 * Sends the authorization request from a popup window, so that this page stays open.
 * The page at the redirect URI calls `relayResponse()`.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1
 * @example
 * const popup = new PopupUserAgent("/popup.html");
 * const button = document.querySelector("button")!;
 * button.onclick = () => auth.login({ userAgent: popup });
 */
export class PopupUserAgent implements UserAgent {
  readonly #redirectUri: string;
  readonly #options: PopupOptions;

  /** @param redirectUri absolute or relative URL of a page that calls `relayResponse()`; registered at the server */
  constructor(redirectUri: string, options: PopupOptions = {}) {
    this.#redirectUri = redirectUri;
    this.#options = options;
  }

  /**
   * Opens the window. Call it in a click: browsers block other popups.
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

/** Centers the popup over the window of this page. */
function featuresOf({ width = 480, height = 640 }: PopupOptions): string {
  const left = Math.round(screenX + (outerWidth - width) / 2);
  const top = Math.round(screenY + (outerHeight - height) / 2);
  return `popup,width=${width},height=${height},left=${left},top=${top}`;
}

/** One second, in polls of 250 ms: a response may still arrive after the window has closed. */
const GRACE = 4;
/** Ten seconds, in polls of 250 ms: the user may be about to return to a window that is still open. */
const CUT_OFF_GRACE = 40;

/**
 * Returns a function that polls whether the user has closed the window. A page with a Cross-Origin-Opener-Policy cuts the
 * window off: `popup.closed` is then true although the window is open. So a closed window counts only after this page has
 * had focus for `GRACE`, or for `CUT_OFF_GRACE` when the window may be cut off.
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
    // This page had focus when the window closed, so the user cannot have closed the window.
    isCutOff ||= closedPolls++ === 0 && hadFocus;
    pollsWithoutFocus = hasFocus ? 0 : pollsWithoutFocus + 1;
    isCutOff ||= pollsWithoutFocus > GRACE;
    pollsWithFocus = hasFocus ? pollsWithFocus + 1 : 0;
    return pollsWithFocus > (isCutOff ? CUT_OFF_GRACE : GRACE);
  };
}
