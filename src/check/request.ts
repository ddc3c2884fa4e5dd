import { parseUrl } from "../core/same-origin.ts";

/** How long one request may take. Milliseconds. */
const TIMEOUT_MS = 4_000;
/** The longest response that is read. Bytes. */
const MAX_BYTES = 1_000_000;

/** A response, read to its end. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The target of a redirect, as an absolute URL. */
  readonly location: URL | undefined;
  /** When the headers arrived. Milliseconds since the epoch. */
  readonly receivedAt: number;
}

/** A request got no usable response. The message says why, such as `nothing listens at this address`. */
export class NoResponseError extends Error {}

/** The options of `request()`. */
export interface RequestOptions {
  readonly method?: "GET" | "POST" | "OPTIONS";
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  /** The value of the header `Origin`. */
  readonly origin?: string;
}

/** Sends a request. */
export type Send = (url: string, options?: RequestOptions) => Promise<HttpResponse>;

/**
 * Returns a function that sends requests without cookies, as Latchkey does in a browser, and follows no redirect. After
 * `deadlineMs`, every request fails.
 *
 * The function throws a `NoResponseError` if there is no connection, no response within 4 seconds, or a response of more than a
 * megabyte.
 */
export function createSend(deadlineMs: number): Send {
  const deadline = AbortSignal.timeout(deadlineMs);
  return async (url, { method = "GET", headers, form, origin } = {}) => {
    try {
      const response = await fetch(url, {
        method,
        headers: {
          Accept: "application/json",
          ...headers,
          ...(origin && { Origin: origin }),
          ...(form && { "Content-Type": "application/x-www-form-urlencoded" }),
        },
        ...(form && { body: new URLSearchParams(form).toString() }),
        redirect: "manual",
        signal: AbortSignal.any([deadline, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      const receivedAt = Date.now();
      const location = response.headers.get("location");
      return {
        status: response.status,
        headers: response.headers,
        text: await readText(response),
        location: location === null ? undefined : parseUrl(location, url),
        receivedAt,
      };
    } catch (error) {
      throw error instanceof NoResponseError
        ? error
        : new NoResponseError(reasonOf(error), { cause: error });
    }
  };
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > MAX_BYTES) throw new NoResponseError("the response is larger than a megabyte");
    text += decoder.decode(part, { stream: true });
  }
  return text;
}

/** The codes of Node for a request that failed. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens at this address",
  ENOTFOUND: "the host name has no address",
  EAI_AGAIN: "the host name could not be looked up",
  ECONNRESET: "the server closed the connection",
  UND_ERR_SOCKET: "the server closed the connection",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the server's certificate is self-signed, so browsers refuse it",
  SELF_SIGNED_CERT_IN_CHAIN: "the server's certificate is self-signed, so browsers refuse it",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "the issuer of the server's certificate is not known, so browsers may refuse it",
  CERT_HAS_EXPIRED: "the server's certificate has expired, so browsers refuse it",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "the server's certificate is for another host, so browsers refuse it",
  ERR_SSL_WRONG_VERSION_NUMBER: "the server does not support TLS at this port",
  EPROTO: "the server does not support TLS at this port",
};

/** What Node says of a request that failed. */
interface Cause {
  readonly message: string;
  readonly code?: string;
  readonly errors?: readonly { readonly code?: string }[];
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError")
    return `the server sent no complete response within ${TIMEOUT_MS / 1_000} s`;
  // Node tries each address of a host. The error for several addresses contains one error for each.
  const cause = (error.cause ?? error) as Cause;
  const code = cause.code ?? cause.errors?.[0]?.code ?? "";
  return REASONS[code] ?? `the request failed (${code || cause.message})`;
}
