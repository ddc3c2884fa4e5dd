import { CancelledError, TimeoutError } from "../../core/errors.ts";
import { isAtRedirectUri } from "../../core/redirect-uri.ts";
import { parseResponseMessage, responseChannel, type ResponseMessage } from "./response-channel.ts";

/** Tells `awaitResponse()` how to use the window or frame of a login, and how long to wait for the authorization response. */
export interface Departure {
  /** The absolute URL at which the response arrives. The page at this URL calls `relayResponse()`. */
  readonly redirectUri: string;
  /** `awaitResponse()` waits at most this long for the authorization response. Milliseconds. */
  readonly timeoutMs: number;
  /** When this signal aborts, the wait for the response ends. `RoundTrip.close()` aborts this signal. */
  readonly left: AbortSignal;
  /**
   * Navigates the window or frame to the login page. `awaitResponse()` first listens for the response, and then calls
   * `start()`.
   */
  start(): void;
  /**
   * Returns true when the window or frame is closed. No response can arrive then. `awaitResponse()` calls `isClosed()` every
   * 250 ms.
   */
  isClosed(): boolean;
}

const TICK_MS = 250;

/**
 * Starts the login in the window or frame, waits for the authorization response, and returns the URL of that response.
 * `request` is the URL of the authorization request.
 * @throws CancelledError this page or the user closed the window or frame before a response arrived
 * @throws TimeoutError no response arrived in time
 */
export async function awaitResponse(request: string, departure: Departure): Promise<string> {
  const { redirectUri, timeoutMs, left } = departure;
  const state = new URL(request).searchParams.get("state") ?? "";
  const channel = await responseChannel(state);
  const end = performance.now() + timeoutMs;
  let timer: ReturnType<typeof setInterval> | undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      channel.onmessage = ({ data }: MessageEvent<unknown>) => {
        const message = parseResponseMessage(data);
        if (message?.type !== "response" || !isResponse(message.url, redirectUri, state)) return;
        channel.postMessage({ protocol: 2, type: "taken" } satisfies ResponseMessage);
        resolve(message.url);
      };
      const cancel = () =>
        reject(new CancelledError("the login was cancelled before a response arrived"));
      timer = setInterval(() => {
        if (departure.isClosed())
          reject(new CancelledError("the login window or frame was closed"));
        else if (performance.now() >= end) {
          reject(
            new TimeoutError(`no login response arrived in ${timeoutMs} ms`, { pending: false }),
          );
        }
      }, TICK_MS);
      if (left.aborted) return cancel();
      left.addEventListener("abort", cancel);
      departure.start();
    });
  } finally {
    clearInterval(timer);
    channel.close();
  }
}

/** Returns true if the URL `response` is at the redirect URI, and has the `state` of the authorization request. */
function isResponse(response: string, redirectUri: string, state: string): boolean {
  if (!isAtRedirectUri(response, redirectUri)) return false;
  const { search, hash } = new URL(response);
  return [search, hash].some((part) => new URLSearchParams(part.slice(1)).get("state") === state);
}
