/**
 * Returns a string that is equal for equal values. If `JSON.stringify()` fails, for example for a circular object, returns a
 * new symbol, which equals no other value. The claims of a user can contain values that JSON does not support, such as a
 * bigint, because the app's schema or a `UserFetcher` can return such values.
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
