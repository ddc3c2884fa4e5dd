import { parseResponseMessage, responseChannel, type ResponseMessage } from "./response-channel.ts";

/** The maximum time that `relayResponse()` waits for a confirmation from the page that started the login. Milliseconds. */
const PATIENCE_MS = 3_000;

/**
 * Sends the authorization response to the page that started the login, and closes this window. The response is the URL of this
 * page. Call this function on the page at the redirect URI of a `PopupUserAgent` or an `IframeUserAgent`.
 * @returns true when the page that started the login has received the response. False when this page's URL contains no
 * response, or when the login has already ended. After false, show the user a message on this page.
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
