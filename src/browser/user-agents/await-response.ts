import { CancelledError, TimeoutError } from "../../core/errors.ts";
import { parseResponseMessage, responseChannel, type ResponseMessage } from "./response-channel.ts";

/** Describes the window or frame in which a login runs, and the response that `awaitResponse()` waits for. */
export interface Departure {
  /** The absolute URL at which the response arrives. The page at this URL calls `relayResponse()`. */
  readonly redirectUri: string;
  /** `awaitResponse()` waits at most this long for the response. Milliseconds. */
  readonly timeoutMs: number;
  /** The signal that ends the wait for the response. A call of `close()` of the `RoundTrip` aborts this signal. */
  readonly left: AbortSignal;
  /** Navigates the window or frame. `awaitResponse()` listens for the response before it calls this function. */
  start(): void;
  /**
   * Returns true when the window or frame is closed. Then no response can arrive. `awaitResponse()` calls this every 250 ms.
   */
  isClosed(): boolean;
}

const TICK_MS = 250;

/**
 * Starts the login in the window or frame, waits for the authorization response, and returns the URL of that response.
 * `request` is the URL of the authorization request. If no response arrives, the promise rejects.
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

/**
 * Returns true when the URL `response` has the origin and the path of the redirect URI, and the `state` of the request. The
 * grant validates the other parameters later.
 */
function isResponse(response: string, redirectUri: string, state: string): boolean {
  if (!URL.canParse(response)) return false;
  const [received, expected] = [new URL(response), new URL(redirectUri)];
  return (
    received.origin === expected.origin &&
    received.pathname === expected.pathname &&
    [received.search, received.hash].some(
      (part) => new URLSearchParams(part.slice(1)).get("state") === state,
    )
  );
}
