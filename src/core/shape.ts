/**
 * Whether `value` is an object and its members have the types in `members`. A type is a result of `typeof`, or `array`. `|`
 * separates allowed types. `null` counts as `undefined`, and `NaN` is not a `number`.
 */
export function has(value: unknown, members: Readonly<Record<string, string>>): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.entries(members).every(([name, types]) =>
      types.split("|").includes(typeOf(Reflect.get(value, name))),
    )
  );
}

/** Whether `isGood` returns true for each member of `value`. */
export function isEach<T>(
  value: Readonly<Record<string, T>>,
  isGood: (member: T, name: string) => boolean,
): boolean {
  return Object.entries(value).every(([name, member]) => isGood(member, name));
}

/** Whether `value` is an object and not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns `value` if it is a non-empty string, and otherwise undefined. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Parses a JSON object and drops all `__proto__` members. Returns undefined if the text is not a JSON object. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text, (key, member) =>
      key === "__proto__" ? undefined : member,
    );
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return Number.isNaN(value) ? "NaN" : typeof (value ?? undefined);
}

/** Whether `value` is an array of strings. */
export function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
