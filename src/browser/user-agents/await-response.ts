import { CancelledError, TimeoutError } from "../../core/errors.ts";
import { parseResponseMessage, responseChannel, type ResponseMessage } from "./response-channel.ts";

export interface Departure {
  /** Of a page that calls `relayResponse()`; absolute. */
  readonly redirectUri: string;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** Aborted when this page gives up. */
  readonly left: AbortSignal;
  /** Goes there; somebody listens for the response by then. */
  start(): void;
  /** Asked four times a second: true when no response can come any more. */
  isClosed(): boolean;
}

const TICK_MS = 250;

/** The response to the authorization request `request`, which another window or frame makes. Always settles. */
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
      const cancel = () => reject(new CancelledError("the login was left"));
      timer = setInterval(() => {
        if (departure.isClosed())
          reject(new CancelledError("the window or frame of the login was closed"));
        else if (performance.now() >= end) {
          reject(new TimeoutError(`no response within ${timeoutMs} ms`, { pending: false }));
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

/** Of our redirect URI and with our state. The rest of it is judged as that of every response. */
function isResponse(response: string, redirectUri: string, state: string): boolean {
  if (!URL.canParse(response)) return false;
  const [there, here] = [new URL(response), new URL(redirectUri)];
  return (
    there.origin === here.origin &&
    there.pathname === here.pathname &&
    [there.search, there.hash].some(
      (part) => new URLSearchParams(part.slice(1)).get("state") === state,
    )
  );
}
