/** What an element knows of a person. */
export interface Person {
  readonly sub: string;
  readonly name?: string;
  readonly email?: string;
  readonly picture?: string;
}

export function nameOf({ name, email, sub }: Person): string {
  return name?.trim() || email || sub;
}

/** The line below the name; nothing that was said above it. */
export function secondLineOf(person: Person): string | undefined {
  return person.email === nameOf(person) ? undefined : person.email;
}

/** One or two letters: first and last word of the name. */
export function initialsOf(person: Person): string {
  const letters = nameOf(person)
    .split(/\s+/)
    .map((word) => String.fromCodePoint(word.codePointAt(0)!));
  return letters
    .filter((_, i) => i === 0 || i === letters.length - 1)
    .join("")
    .toLocaleUpperCase();
}

/** Its URL when it may be loaded: https only, so that no http picture tells who looks. */
export function pictureOf({ picture }: Person): string | undefined {
  if (picture === undefined || !URL.canParse(picture)) return undefined;
  return new URL(picture).protocol === "https:" ? picture : undefined;
}

/** Whether each word of `query` is in the name or the email; case and accents do not count. */
export function isFound(person: Person, query: string): boolean {
  const text = plain(`${person.name ?? ""} ${person.email ?? ""} ${nameOf(person)}`);
  return plain(query)
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}
