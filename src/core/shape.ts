/**
 * Whether `value` is an object with these members. `members` has the types of each, by `typeof`, with `|` between them;
 * an array is an `array`. `null` counts as missing, and `NaN` is no number.
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

/** Whether `value` is an object and `isGood` says so of each of its members. */
export function isEach<T>(
  value: Readonly<Record<string, T>>,
  isGood: (member: T, name: string) => boolean,
): boolean {
  return Object.entries(value).every(([name, member]) => isGood(member, name));
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return Number.isNaN(value) ? "NaN" : typeof (value ?? undefined);
}
