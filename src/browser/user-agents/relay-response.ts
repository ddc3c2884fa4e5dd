import { parseResponseMessage, responseChannel, type ResponseMessage } from "./response-channel.ts";

/** Longer than a message takes to a busy page. */
const PATIENCE_MS = 3_000;

/**
 * For the page at the redirect URI of a popup or a hidden frame: hands the authorization response in its URL to the page
 * that waits for it and closes the window. Needs no `window.opener`, which the server's pages may have cut.
 * @returns false when there is no response, or nobody waits for it any more; say so on the page
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
