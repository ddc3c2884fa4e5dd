/**
 * Returns the ways in which a server might read a path, each as a list of segments.
 * - Every server decodes the segments once.
 * - Some servers decode again, take an encoded slash or a backslash for a slash, or ignore `;` and what follows in a segment.
 *
 * No list has empty segments, because many servers take `//` for `/`.
 * @see https://url.spec.whatwg.org/#path-state
 */
export function readingsOf(pathname: string): readonly (readonly string[])[] {
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
