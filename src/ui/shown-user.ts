/** What an element knows of a person. */
export interface ShownUser {
  readonly sub: string;
  readonly name?: string;
  readonly email?: string;
  readonly picture?: string;
}

export function nameOf({ name, email, sub }: ShownUser): string {
  return name?.trim() || email || sub;
}

/** The line below the name; nothing that was said above it. */
export function secondLineOf(user: ShownUser): string | undefined {
  return user.email === nameOf(user) ? undefined : user.email;
}

/** One or two letters: first and last word of the name. */
export function initialsOf(user: ShownUser): string {
  const letters = nameOf(user)
    .split(/\s+/)
    .map((word) => String.fromCodePoint(word.codePointAt(0)!));
  return letters
    .filter((_, i) => i === 0 || i === letters.length - 1)
    .join("")
    .toLocaleUpperCase();
}

/** Its URL when it may be loaded: https only, so that no http picture tells who looks. */
export function pictureOf({ picture }: ShownUser): string | undefined {
  if (picture === undefined || !URL.canParse(picture)) return undefined;
  return new URL(picture).protocol === "https:" ? picture : undefined;
}

/** Whether each word of `query` is in the name or the email; case and accents do not count. */
export function isFound(user: ShownUser, query: string): boolean {
  const text = plain(`${user.name ?? ""} ${user.email ?? ""} ${nameOf(user)}`);
  return plain(query)
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}
