/**
 * Returns the content of a value as a text, to find out whether two values are equal. The claims of a user can contain values
 * that JSON does not know, such as a bigint: the app's schema or a `UserFetcher` returned them. The content of a value that
 * has no text, such as a circular object, equals no other content.
 */
export function contentOf(value: unknown): unknown {
  try {
    return JSON.stringify(value, (_, member: unknown) => {
      if (typeof member === "bigint") return `${member}n`;
      return member instanceof Map || member instanceof Set ? [...member] : member;
    });
  } catch {
    return Symbol("no text");
  }
}
