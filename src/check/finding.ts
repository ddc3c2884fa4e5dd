import { isEndpoint } from "../core/same-origin.ts";

/**
 * - `ok`: works as it is.
 * - `note`: works, with a limit that the finding names.
 * - `change`: Latchkey does not work, or users lose something, until this is changed.
 */
export type Mark = "ok" | "note" | "change";

/** One line of the report. */
export interface Finding {
  /** What was checked, such as `token endpoint`. */
  readonly topic: string;
  readonly mark: Mark;
  /** What the server sent or did. */
  readonly seen: string;
  /** What to change and where, or what does not work without a change. */
  readonly change?: string;
}

export const ok = (topic: string, seen: string): Finding => ({ topic, mark: "ok", seen });
export const change = (topic: string, seen: string, change: string): Finding => ({
  topic,
  mark: "change",
  seen,
  change,
});
export const note = (topic: string, seen: string, change?: string): Finding => ({
  topic,
  mark: "note",
  seen,
  ...(change !== undefined && { change }),
});

/** A metadata document, as the server sent it. */
export type Document = Readonly<Record<string, unknown>>;

/** Returns the member as a list of strings. Returns undefined if the member is not a list. */
export function listOf(document: Document, name: string): readonly string[] | undefined {
  const value = document[name];
  return Array.isArray(value) ? value.map(String) : undefined;
}

/** Returns the member if it is a URL to which Latchkey sends requests. The finding about the endpoints names every other URL. */
export function urlOf(document: Document, name: string): string | undefined {
  const value = document[name];
  return isEndpoint(value) ? value : undefined;
}

/** The value of every code, token and state that the check sends. No server has issued it. */
export const FAKE_VALUE = "latchkey-check";

/** The client of the app. */
export interface ClientToCheck {
  readonly clientId: string;
  readonly redirectUri: string;
}
