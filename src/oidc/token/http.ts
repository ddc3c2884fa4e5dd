import { NetworkError } from "../../core/errors.ts";
import { isNoEndpoint } from "../../core/server-responses.ts";

/** As narrow as it is used, so that a test can be one. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface HttpOptions {
  readonly fetch: Fetch;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called when nothing at `url` responds as an endpoint. */
  readonly onUnavailable?: ((url: string) => void) | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const LAST_MS = 2_000;

/**
 * One request, its answer read to the end. Calls `fetch` before it returns, follows no redirect and takes no cookies along.
 * @throws NetworkError no whole answer in time
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
  // In two parts, so that a page that slept has a while to hear the answer that came meanwhile.
  const lastMs = Math.min(LAST_MS, timeoutMs / 2);
  let timer = setTimeout(() => (timer = setTimeout(leave, lastMs)), timeoutMs - lastMs);
  // An injected fetch may not know about signals.
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
    // Never as a cause: what an injected fetch throws may hold the request and its secrets.
    const reason = stop.signal.aborted
      ? `no answer in ${timeoutMs} ms`
      : error instanceof Error
        ? error.name
        : "failed";
    throw new NetworkError(`${name}: ${reason}`);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
  }
}
