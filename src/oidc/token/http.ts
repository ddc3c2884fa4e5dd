import { NetworkError } from "../../core/errors.ts";
import { isNoEndpoint } from "../../core/server-responses.ts";

/** The part of `fetch` that Latchkey uses, so that tests can implement it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Options of HTTP requests. */
export interface HttpOptions {
  readonly fetch: Fetch;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called when no endpoint responds at `url`. */
  readonly onUnavailable?: ((url: string) => void) | undefined;
}

/** A response with its complete body. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const LAST_MS = 2_000;

/**
 * Sends one request and reads the complete response. Calls `fetch` in the same task. Follows no redirect and sends no cookies,
 * unless `init` says otherwise.
 * @throws NetworkError no complete response in time
 */
export async function request(
  name: string,
  url: string,
  init: RequestInit,
  { fetch, timeoutMs, signal, onUnavailable }: HttpOptions,
): Promise<HttpResponse> {
  signal?.throwIfAborted();
  const stop = new AbortController();
  const leave = () => stop.abort();
  signal?.addEventListener("abort", leave);
  // Two timers: a page that was frozen past the timeout still gets 2 s to read a response that has arrived.
  const lastMs = Math.min(LAST_MS, timeoutMs / 2);
  let timer = setTimeout(() => (timer = setTimeout(leave, lastMs)), timeoutMs - lastMs);
  // An injected `fetch` may ignore its signal.
  const stopped = new Promise<never>((_, reject) => stop.signal.addEventListener("abort", reject));
  const read = async () => {
    const response = await fetch(url, {
      redirect: "error",
      credentials: "omit",
      ...init,
      signal: stop.signal,
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  try {
    const whole = await Promise.race([read(), stopped]);
    if (isNoEndpoint(whole)) onUnavailable?.(url);
    return whole;
  } catch (error) {
    signal?.throwIfAborted();
    onUnavailable?.(url);
    // The error is not the `cause`: an error of an injected `fetch` may contain the request and its secrets.
    const reason = stop.signal.aborted
      ? `no response within ${timeoutMs} ms`
      : error instanceof Error
        ? error.name
        : "failed";
    throw new NetworkError(`${name} ${url}: ${reason}`);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
  }
}
