export interface Person {
  readonly sub: string;
  readonly name: string;
  readonly givenName: string;
  readonly familyName: string;
  readonly email: string;
  readonly about: string;
  readonly colors: readonly [string, string];
}

export const people: readonly Person[] = [
  {
    sub: "ada",
    name: "Ada Lovelace",
    givenName: "Ada",
    familyName: "Lovelace",
    email: "ada@harbor.example",
    about: "Wrote the first program",
    colors: ["#5b4bb7", "#9a6bd0"],
  },
  {
    sub: "grace",
    name: "Grace Hopper",
    givenName: "Grace",
    familyName: "Hopper",
    email: "grace@harbor.example",
    about: "Built the first compiler",
    colors: ["#0f6b57", "#3a9d77"],
  },
  {
    sub: "linus",
    name: "Linus Pauling",
    givenName: "Linus",
    familyName: "Pauling",
    email: "linus@harbor.example",
    about: "Explained the chemical bond",
    colors: ["#a3482a", "#c9733a"],
  },
];

/** By `sub` or email, as a `login_hint` may be either. */
export function findPerson(hint: unknown): Person | undefined {
  return people.find((person) => person.sub === hint || person.email === hint);
}

export function claimsOf(
  person: Person,
  issuer: string,
): { sub: string; [claim: string]: unknown } {
  return {
    sub: person.sub,
    name: person.name,
    given_name: person.givenName,
    family_name: person.familyName,
    picture: `${issuer}/people/${person.sub}.svg`,
    email: person.email,
    email_verified: true,
  };
}

export function pictureOf(person: Person): string {
  const [from, to] = person.colors;
  const initials = `${person.givenName[0] ?? ""}${person.familyName[0] ?? ""}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96">
  <defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop stop-color="${from}"/><stop offset="1" stop-color="${to}"/></linearGradient></defs>
  <rect width="96" height="96" fill="url(#g)"/>
  <circle cx="78" cy="14" r="34" fill="#fff" opacity=".09"/>
  <circle cx="12" cy="92" r="38" fill="#000" opacity=".08"/>
  <text x="48" y="60" text-anchor="middle" font-family="system-ui, sans-serif" font-size="34" font-weight="600" letter-spacing="1" fill="#fff">${initials}</text>
</svg>`;
}
