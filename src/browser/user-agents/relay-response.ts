import { parseResponseMessage, responseChannel, type ResponseMessage } from "./response-channel.ts";

/** Longer than a message to a busy page takes. Milliseconds. */
const PATIENCE_MS = 3_000;

/**
 * Sends the authorization response in this page's URL to the page that waits for it, and closes this window.
 * Call it on the page at the redirect URI of a `PopupUserAgent` or an `IframeUserAgent`.
 * It does not use `window.opener`, which pages of the server may have cut off.
 * @returns false when the URL has no response, or no page waits for it any more: tell the user on this page
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
 * @example
 * const isTaken = await relayResponse();
 * if (!isTaken) document.body.textContent = "Close this window and sign in again.";
 */
export async function relayResponse(): Promise<boolean> {
  const { href: url, search, hash, pathname } = location;
  history.replaceState(null, "", pathname);
  const state = [search, hash].map((part) => new URLSearchParams(part.slice(1)).get("state"));
  const channel = await responseChannel(state[0] ?? state[1] ?? "");
  const isTaken = await new Promise<boolean>((resolve) => {
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (parseResponseMessage(data)?.type === "taken") resolve(true);
    };
    setTimeout(() => resolve(false), PATIENCE_MS);
    channel.postMessage({ protocol: 2, type: "response", url } satisfies ResponseMessage);
  });
  channel.close();
  if (isTaken) close();
  return isTaken;
}
