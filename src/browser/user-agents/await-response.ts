import { CancelledError, TimeoutError } from "../../core/errors.ts";
import { parseResponseMessage, responseChannel, type ResponseMessage } from "./response-channel.ts";

/** How another window or frame sends an authorization request. */
export interface Departure {
  /** Absolute URL of a page that calls `relayResponse()`. */
  readonly redirectUri: string;
  /** How long to wait for the response. Milliseconds. */
  readonly timeoutMs: number;
  /** Aborted when this page closes the round trip. */
  readonly left: AbortSignal;
  /** Navigates the window or frame. `awaitResponse()` listens for the response before it calls this function. */
  start(): void;
  /** True when no response can arrive any more. Called four times a second. */
  isClosed(): boolean;
}

const TICK_MS = 250;

/**
 * Returns the URL of the authorization response to the request with the URL `request`. Always settles.
 * @throws CancelledError this page closed the round trip, or the user closed the window
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
      const cancel = () => reject(new CancelledError("the page cancelled the login"));
      timer = setInterval(() => {
        if (departure.isClosed())
          reject(new CancelledError("the login window or frame was closed"));
        else if (performance.now() >= end) {
          reject(new TimeoutError(`no login response within ${timeoutMs} ms`, { pending: false }));
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

/** True for our redirect URI with our `state`. The other parameters are validated later, as in every response. */
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
