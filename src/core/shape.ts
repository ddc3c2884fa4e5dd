/**
 * Whether `value` is an object with these members. `members` lists the allowed types of each member, by `typeof` and separated
 * by `|`; the type of an array is `array`. `null` counts as missing, and `NaN` is not a number.
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

/** Whether `isGood` is true for each member of `value`. */
export function isEach<T>(
  value: Readonly<Record<string, T>>,
  isGood: (member: T, name: string) => boolean,
): boolean {
  return Object.entries(value).every(([name, member]) => isGood(member, name));
}

/** Whether a value is an object and no array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns `value` if it is a non-empty string. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return Number.isNaN(value) ? "NaN" : typeof (value ?? undefined);
}
