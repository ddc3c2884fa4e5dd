/**
 * - `ok`: works as it is.
 * - `change`: Latchkey does not work, or a user loses something, until this is changed.
 * - `note`: works, and the developer should know it.
 */
export type Mark = "ok" | "change" | "note";

/** A line of the report. */
export interface Finding {
  /** What was looked at, such as `token endpoint`. */
  readonly topic: string;
  readonly mark: Mark;
  /** What the server said or did. */
  readonly seen: string;
  /** What to change, and where. */
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

/** Returns the member as a list of strings. Returns undefined if it is not a list. */
export function listOf(document: Document, name: string): readonly string[] | undefined {
  const value = document[name];
  return Array.isArray(value) ? value.map(String) : undefined;
}
