import { ConfigurationError } from "../core/errors.ts";

/**
 * Throws if `options` has a member that is not in `known`. The message names the member, and not its value.
 * @throws ConfigurationError `options` is no object, or has an unknown member
 */
export function refuseUnknown(
  what: string,
  options: unknown,
  known: readonly string[],
): asserts options is object {
  if (typeof options !== "object" || options === null) {
    throw new ConfigurationError(
      what,
      "it is not an object",
      `Give an object with ${list(known)}.`,
    );
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new ConfigurationError(unknown, `${what} has no such option`, `It has ${list(known)}.`);
  }
}

/**
 * Returns `value` if it is one of `known`.
 * @throws ConfigurationError `value` is another value. The message lists the known values
 */
export function oneOf<T extends string>(input: string, value: unknown, known: readonly T[]): T {
  if (known.includes(value as T)) return value as T;
  throw new ConfigurationError(input, "it is not a known value", `Give one of ${list(known)}.`);
}

function list(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}
