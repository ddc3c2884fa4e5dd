import { PopupBlockedError } from "../../core/errors.ts";
import type { RoundTrip, UserAgent } from "../../core/user-agent.ts";
import { awaitResponse } from "./await-response.ts";
import { resolveRedirectUri } from "./redirect-uri.ts";

export interface PopupOptions {
  /** How long the person may take. Milliseconds; ten minutes when not given. */
  readonly timeoutMs?: number;
  /** CSS pixels. */
  readonly width?: number;
  readonly height?: number;
}

/** Goes to the authorization endpoint in a window of its own; the page stays. `relayResponse()` runs at its redirect URI. */
export class PopupUserAgent implements UserAgent {
  readonly #redirectUri: string;
  readonly #options: PopupOptions;

  /** @param redirectUri of a page that calls `relayResponse()`, absolute or relative, registered at the server */
  constructor(redirectUri: string, options: PopupOptions = {}) {
    this.#redirectUri = redirectUri;
    this.#options = options;
  }

  /**
   * Call it in a click.
   * @throws PopupBlockedError the browser did not open a window
   * @throws ConfigurationError the redirect URI is of another origin
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

/** In the middle of the window it belongs to. */
function featuresOf({ width = 480, height = 640 }: PopupOptions): string {
  const left = Math.round(screenX + (outerWidth - width) / 2);
  const top = Math.round(screenY + (outerHeight - height) / 2);
  return `popup,width=${width},height=${height},left=${left},top=${top}`;
}

/** A second for a response that is on its way. Looks, of which there are four a second. */
const GRACE = 4;
/** Ten seconds: the person may be about to go back to the window. */
const CUT_OFF_GRACE = 40;

/**
 * Whether the person closed the window. Pages with a Cross-Origin-Opener-Policy cut it off, and then it says that it is
 * closed while it is in use; so it is believed only once the person is back at this page, and later when there is doubt.
 */
function watchClosing(popup: Window): () => boolean {
  let [looks, away, here] = [0, 0, 0];
  let wasHere = true;
  let isCutOff = false;
  return () => {
    const isHere = document.hasFocus();
    if (!popup.closed) {
      wasHere = isHere;
      return false;
    }
    // Closed while the person was here: not by the person.
    isCutOff ||= looks++ === 0 && wasHere;
    away = isHere ? 0 : away + 1;
    isCutOff ||= away > GRACE;
    here = isHere ? here + 1 : 0;
    return here > (isCutOff ? CUT_OFF_GRACE : GRACE);
  };
}
