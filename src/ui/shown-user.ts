/** A user that an element shows. The members are claims of the user. */
export interface ShownUser {
  readonly sub: string;
  readonly name?: string;
  readonly email?: string;
  readonly picture?: string;
}

/** Returns the user's name. If the name is missing, returns the email. If the email is missing, too, returns the `sub`. */
export function nameOf({ name, email, sub }: ShownUser): string {
  return name?.trim() || email || sub;
}

/** Returns the email for the line below the name. If the email is already shown as the name, returns undefined. */
export function secondLineOf(user: ShownUser): string | undefined {
  return user.email === nameOf(user) ? undefined : user.email;
}

/** Returns the initials of the first and the last word of the name. If the name has only one word, returns one letter. */
export function initialsOf(user: ShownUser): string {
  const letters = nameOf(user)
    .split(/\s+/)
    .map((word) => String.fromCodePoint(word.codePointAt(0)!));
  return letters
    .filter((_, i) => i === 0 || i === letters.length - 1)
    .join("")
    .toLocaleUpperCase();
}

/**
 * Returns the URL of the user's picture. If the URL is not an https URL, returns undefined. An http request would show everyone
 * in the network which user is logged in.
 */
export function pictureOf({ picture }: ShownUser): string | undefined {
  if (picture === undefined || !URL.canParse(picture)) return undefined;
  return new URL(picture).protocol === "https:" ? picture : undefined;
}

/** Returns whether each word of `query` occurs in the user's name or email. Ignores case and accents. */
export function isFound(user: ShownUser, query: string): boolean {
  const text = plain(`${user.name ?? ""} ${user.email ?? ""} ${nameOf(user)}`);
  return plain(query)
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}
