import { SERVER_RESPONSES } from "../../core/server-responses.ts";
import { formEncode } from "./form-request.ts";

const REDACTED = "[redacted]";
/** Shorter secrets are not redacted: in ordinary text, the positions of `[redacted]` would reveal the secret. Characters. */
const MIN_LENGTH = 3;
/** A server can encode a text that is already encoded. `redact()` decodes a text up to this many times to find a secret. */
const MAX_ENCODINGS = 3;
/** A longer text of a server is cut. Characters. */
const MAX_TEXT = 2_000;

/**
 * Returns an OAuth error code of a response. A code that Latchkey knows is returned unchanged, even if a secret is a part of the
 * code: the code says what the response means.
 */
export function redactCode(
  code: string | undefined,
  secrets: readonly string[],
): string | undefined {
  return SERVER_RESPONSES.some(({ error }) => error === code) ? code : redact(code, secrets);
}

/**
 * Replaces the secrets in a text of the server. The secrets are found in percent-encoded, form-encoded, JSON, HTML and base64
 * texts, too. A word whose encoding is unusual is replaced as a whole.
 */
export function redact(text: string | undefined, secrets: readonly string[]): string | undefined {
  if (text === undefined) return undefined;
  const found = secrets.filter(({ length }) => length >= MIN_LENGTH);
  const searched = found.flatMap((secret) => [secret, bytesOf(secret)]);
  const hasSecret = (words: string) =>
    decodings(words).some((decoded) => searched.some((secret) => decoded.includes(secret)));
  const redacted = found
    .flatMap((secret) => [secret, formEncode(secret), formEncode(secret).replaceAll("+", "%20")])
    .reduce((words, secret) => words.replaceAll(secret, REDACTED), cut(text))
    .replace(/\S+/g, (word) => (hasSecret(word) ? REDACTED : word));
  return hasSecret(redacted) ? REDACTED : redacted;
}

/** Cuts a long text before a word, because `redact()` could not find a part of an encoded secret. */
function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT).replace(/\S*$/, "")}…` : text;
}

/** Returns `text` and everything that `text` might encode. Decoded bytes are one character each. */
function decodings(text: string): readonly string[] {
  const all = new Set([text]);
  for (let depth = 0; depth < MAX_ENCODINGS; depth++) {
    for (const encoded of [...all]) for (const decoded of decode(encoded)) all.add(decoded);
  }
  return [...all];
}

function decode(text: string): readonly string[] {
  return [
    text.replace(/(?:%|\\u00|&#x)([\da-f]{2});?/gi, (_, hex: string) => character(`0x${hex}`)),
    text.replace(/&#(\d+);/g, (_, code: string) => character(code)),
    text.replaceAll("&quot;", '"').replaceAll("&amp;", "&"),
    text.replaceAll("+", " "),
    text.replace(/\\(.)/g, "$1"),
    ...(text.match(/[\w+/-]{4,}/g) ?? []).flatMap(fromBase64),
  ];
}

/** Decodes a base64 or base64url text that starts at one of the first four characters. */
function fromBase64(text: string): string[] {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  // A single character at the end encodes no byte.
  return [0, 1, 2, 3].map((start) => atob(base64.slice(start).replace(/^((?:.{4})*).$/, "$1")));
}

function character(code: string): string {
  return String.fromCharCode(Number(code));
}

function bytesOf(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}
