import type { OwnParameters } from "../../core/authorization-parameters.ts";
import type { ClientAuthentication } from "../../core/client-authentication.ts";
import type { Clock } from "../../core/ports.ts";
import { onAbort } from "../../core/on-abort.ts";
import { NetworkError } from "../../core/errors.ts";
import { isNoEndpoint } from "../../core/server-responses.ts";

/** The clock and the HTTP options for requests to a server's endpoints. */
export interface TokenClient extends HttpOptions {
  readonly clock: Clock;
}

/** A form that is sent in one POST request. */
export interface FormRequest {
  /** The name of the endpoint, for error messages. */
  readonly name: string;
  readonly url: string;
  /** Undefined and empty values are not sent. A list is sent as repeated parameters. */
  readonly parameters: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Parameters of the app. They replace none of `parameters`, and their values are secret, too. */
  readonly own?: OwnParameters | undefined;
  /** Secret values in `parameters`. If the server's response repeats such a value, Latchkey redacts the value in the error. */
  readonly secrets: readonly string[];
  readonly credentials: Credentials;
}

/** Sends a form in a POST request. Calls `fetch` synchronously. @throws NetworkError no complete response in time */
export function postForm(form: FormRequest, http: HttpOptions): Promise<HttpResponse> {
  const { name, url, own, parameters, credentials } = form;
  const body = new URLSearchParams();
  for (const [key, value] of Object.entries({ ...own, ...parameters, ...credentials.parameters })) {
    for (const one of [value].flat()) if (one) body.append(key, one);
  }
  return request(
    name,
    url,
    {
      method: "POST",
      cache: "no-store",
      headers: {
        Accept: "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        ...credentials.headers,
      },
      body: body.toString(),
    },
    http,
  );
}

/** Returns all secret values of a form. */
export function secretsOf({ own = {}, secrets, credentials }: FormRequest): string[] {
  const ofApp = Object.values(own).filter((value) => value !== undefined);
  return [...secrets, ...ofApp, ...(credentials.secrets ?? [])];
}

/** Encodes a value for `application/x-www-form-urlencoded`. @see https://www.rfc-editor.org/rfc/rfc6749#appendix-B */
export function formEncode(value: string): string {
  return new URLSearchParams([["", value]]).toString().slice(1);
}

/** The parameters and headers that identify and authenticate the client in one request. */
export interface Credentials {
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Secret values in these credentials. If the server's response repeats such a value, Latchkey redacts the value in the error.
   */
  readonly secrets?: readonly string[];
}

/**
 * Supplies the credentials of a client with a secret or a key. Each client assertion is supplied only once, because a server
 * accepts an assertion only once.
 */
export interface CredentialsSource {
  /** Returns the client's credentials for one request. */
  get(): Promise<Credentials>;
  /** Prepares credentials for the next `take()`. */
  prepare(): Promise<void>;
  /**
   * Returns prepared credentials without waiting. If no credentials are prepared, or if the prepared credentials expire soon,
   * returns undefined.
   */
  take(): Credentials | undefined;
}

/** The client's id and authentication method, as registered at the server. */
export interface ClientIdentity {
  readonly issuer: string;
  readonly clientId: string;
  /** The method by which the client authenticates to the server. Default: `none`, for a public client. */
  readonly authentication?: ClientAuthentication;
  readonly clock: Clock;
}

/** Returns the credentials of a client without a secret. @see https://www.rfc-editor.org/rfc/rfc6749#section-3.2.1 */
export function publicCredentials(clientId: string): Credentials {
  return { parameters: { client_id: clientId } };
}

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
  /** Finds out why a request got no response. Returns an error that replaces the usual error, or undefined. */
  readonly diagnose?: Diagnose | undefined;
}

/** Finds out why a request got no response. */
export type Diagnose = (
  name: string,
  url: string,
  http: HttpOptions,
) => Promise<NetworkError | undefined>;

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
  http: HttpOptions,
): Promise<HttpResponse> {
  const { fetch, timeoutMs, signal, onUnavailable, diagnose } = http;
  signal?.throwIfAborted();
  const stop = new AbortController();
  const leave = () => stop.abort();
  const unfollow = signal && onAbort(signal, leave);
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
    const explained = stop.signal.aborted ? undefined : await diagnose?.(name, url, http);
    signal?.throwIfAborted();
    if (explained) throw explained;
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
    unfollow?.();
  }
}
