/** The ways in which a server might read a path, each as a list of segments. The list always has the same order. */
export type Readings = readonly (readonly string[])[];

/**
 * Returns two readings of a path, each as a list of segments. Servers differ in how they read a path.
 * - First reading: the path is split at each `/`, and each segment is decoded once.
 * - Second reading: the path is decoded until nothing is encoded, and then split at each slash and backslash. In each segment,
 *   `;` and the text after `;` are removed. `.` and `..` are resolved.
 *
 * A rule for paths has readings, too. Each reading of a path is compared with the same reading of the rule.
 *
 * The readings have no empty segments, because many servers read `//` as `/`.
 * @see https://url.spec.whatwg.org/#path-state
 */
export function readingsOf(pathname: string): Readings {
  const once = pathname.split("/").map(decoded);
  let whole = pathname;
  for (let next = decoded(whole); next !== whole; next = decoded(whole)) whole = next;
  const segments: string[] = [];
  for (const segment of whole.split(/[/\\]/)) {
    const name = segment.replace(/;.*/s, "");
    if (name === "..") segments.pop();
    else if (name !== ".") segments.push(name);
  }
  return [once, segments].map((reading) => reading.filter((segment) => segment !== ""));
}

/** Returns true if a path equals the path `folder` or is below it. `/public/a` is below `/public`, but `/publications` is not. */
export function isBelow(path: readonly string[], folder: readonly string[]): boolean {
  return folder.every((segment, at) => path[at] === segment);
}

/** Decodes percent-encoded characters. In a text with a malformed encoding, decodes the ASCII characters only. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/%[0-7][\da-f]/gi, decodeURIComponent);
  }
}
