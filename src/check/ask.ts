import { parseUrl } from "../core/same-origin.ts";

/** How long a request may take. Milliseconds. */
const TIMEOUT_MS = 4_000;
/** The longest response that is read. Bytes. */
const MAX_BYTES = 1_000_000;

/** A response, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The target of a redirect, as an absolute URL. */
  readonly location: URL | undefined;
}

/** A server that gave no usable response. The message is a sentence without the URL, such as `nothing listens there`. */
export class NoAnswer extends Error {}

/**
 * Sends a request without cookies, as Latchkey does in a browser, and follows no redirect. `origin` becomes the header `Origin`.
 * @throws NoAnswer no connection, no response within 4 seconds, or a response of more than a megabyte
 */
export async function ask(
  url: string,
  init: Omit<RequestInit, "headers"> & { readonly headers?: Readonly<Record<string, string>> },
  origin?: string,
): Promise<Answer> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const headers = {
    Accept: "application/json",
    ...init.headers,
    ...(origin && { Origin: origin }),
  };
  try {
    const response = await fetch(url, { ...init, headers, signal, redirect: "manual" });
    const location = response.headers.get("location");
    return {
      status: response.status,
      headers: response.headers,
      text: await readText(response),
      location: location === null ? undefined : parseUrl(location, url),
    };
  } catch (error) {
    throw error instanceof NoAnswer ? error : new NoAnswer(reasonOf(error), { cause: error });
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > MAX_BYTES) throw new NoAnswer("the response is larger than a megabyte");
    text += decoder.decode(part, { stream: true });
  }
  return text;
}

/** The codes of Node for a request that failed. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "the host name has no address",
  EAI_AGAIN: "the host name could not be looked up",
  ECONNRESET: "the server closed the connection",
  UND_ERR_SOCKET: "the server closed the connection",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed, and browsers refuse it",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is self-signed, and browsers refuse it",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "the issuer of its certificate is not known, and browsers refuse it",
  CERT_HAS_EXPIRED: "its certificate has expired, and browsers refuse it",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another host, and browsers refuse it",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak https",
  EPROTO: "it does not speak https",
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
    return `it sent no complete response within ${TIMEOUT_MS / 1_000} s`;
  // Node tries each address of a host. The error for several addresses has the error of each.
  const cause = (error.cause ?? error) as Cause;
  const code = cause.code ?? cause.errors?.[0]?.code ?? "";
  return REASONS[code] ?? `the request failed (${code || cause.message})`;
}
