import { NetworkError } from "../../core/errors.ts";
import { isNoEndpoint } from "../../core/server-responses.ts";

/** The part of `fetch` that Latchkey uses. Apps and tests can supply their own function of this type. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Options of HTTP requests. */
export interface HttpOptions {
  readonly fetch: Fetch;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /**
   * Latchkey calls this function with the request's URL if the request fails. Latchkey also calls this function if a status
   * such as 404 shows that the URL is not an endpoint.
   */
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
 * Sends one request and reads the complete response. Calls `fetch` synchronously. By default, redirects are errors and no
 * cookies are sent. `init` can change both defaults.
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
  // If the page was frozen for longer than the timeout, the first timer ends when the page continues. The second timer then
  // leaves up to 2 s to read a response that has already arrived.
  const lastMs = Math.min(LAST_MS, timeoutMs / 2);
  let timer = setTimeout(() => (timer = setTimeout(leave, lastMs)), timeoutMs - lastMs);
  // If the app's own `fetch` function ignores `signal`, this promise still ends the request.
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
    // The error is not added as `cause`, because an error of the app's own `fetch` function might contain secrets of the
    // request.
    const reason = stop.signal.aborted
      ? `no response within ${timeoutMs} ms`
      : error instanceof Error
        ? `the request failed (${error.name})`
        : "the request failed";
    throw new NetworkError(`${name} ${url}: ${reason}`);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
  }
}
