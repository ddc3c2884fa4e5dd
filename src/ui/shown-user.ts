import { isSecureUrl } from "../core/same-origin.ts";

/** A user that an element shows. The members are claims of the user. */
export interface ShownUser {
  readonly sub: string;
  readonly name?: string;
  readonly email?: string;
  readonly picture?: string;
}

/** The longest text of a user that an element shows. Characters. */
const MAX_LENGTH = 128;
/** The name of a user whose claims have no visible character. */
const UNKNOWN = "?";
/** Characters at the start of a text that show nothing. U+2800 is an empty Braille cell. */
const INVISIBLE_START = /^[\s\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]+/u;

/**
 * Returns the user's name. If the name has no visible character, returns the email. If the email has none, too, returns the
 * `sub`. The name has no spaces at its ends.
 */
export function nameOf({ name, email, sub }: ShownUser): string {
  return textOf(name) ?? textOf(email) ?? textOf(sub) ?? UNKNOWN;
}

/** Returns the email for the line below the name. If the email is already shown as the name, returns undefined. */
export function secondLineOf(user: ShownUser): string | undefined {
  const email = textOf(user.email);
  return email === nameOf(user) ? undefined : email;
}

/** Returns the initials of the first and the last word of the name. If the name has only one word, returns one letter. */
export function initialsOf(user: ShownUser): string {
  const letters = nameOf(user)
    .split(/\s+/)
    .map((word) => word.replace(INVISIBLE_START, ""))
    .filter((word) => word !== "")
    .map((word) => String.fromCodePoint(word.codePointAt(0)!));
  return letters
    .filter((_, i) => i === 0 || i === letters.length - 1)
    .join("")
    .toLocaleUpperCase();
}

/**
 * Returns the value of a claim as a text for an element. Returns undefined if the value is no string, or has no visible
 * character.
 * - Lone surrogates, control characters and characters that change the direction of other texts are removed.
 * - Invisible characters at both ends are removed.
 * - A text of more than `MAX_LENGTH` characters is cut.
 */
function textOf(claim: unknown): string | undefined {
  if (typeof claim !== "string") return undefined;
  const text = claim
    .replace(/[\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/gu, "")
    .replace(/[\s\p{Cc}]+/gu, " ")
    .replace(INVISIBLE_START, "");
  const letters = withoutEnd(Array.from(text));
  if (letters.length <= MAX_LENGTH) return letters.length > 0 ? letters.join("") : undefined;
  return `${withoutEnd(letters.slice(0, MAX_LENGTH - 1)).join("")}…`;
}

/**
 * Removes the invisible characters at the end. A regular expression would look for the end at each invisible character, and
 * would block the page for seconds.
 */
function withoutEnd(letters: string[]): string[] {
  while (letters.length > 0 && INVISIBLE_START.test(letters.at(-1)!)) letters.pop();
  return letters;
}

/**
 * Returns the URL of the user's picture. If the URL is not an https URL, returns undefined. An http request would show everyone
 * in the network which user is logged in. While a developer runs the page and the server on one machine, such as on
 * `localhost`, no request leaves the machine, and an http URL is allowed.
 */
export function pictureOf({ picture }: ShownUser): string | undefined {
  if (typeof picture !== "string" || !URL.canParse(picture)) return undefined;
  const url = new URL(picture);
  const isAllowed =
    url.protocol === "https:" || (isSecureUrl(url) && url.hostname === location.hostname);
  return isAllowed ? picture : undefined;
}

/** Returns whether each word of `query` occurs in the user's name or email. Ignores case and accents. */
export function isFound(user: ShownUser, query: string): boolean {
  const text = plain(`${nameOf(user)} ${secondLineOf(user) ?? ""}`);
  return plain(query)
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}
