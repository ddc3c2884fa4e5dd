export interface DemoUser {
  readonly sub: string;
  readonly name: string;
  readonly givenName: string;
  readonly familyName: string;
  readonly email: string;
  readonly about: string;
  readonly colors: readonly [string, string];
}

export const users: readonly DemoUser[] = [
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

/** Finds a user by `sub` or email, because a `login_hint` can be either. */
export function findUser(hint: unknown): DemoUser | undefined {
  return users.find((user) => user.sub === hint || user.email === hint);
}

export function claimsOf(
  user: DemoUser,
  issuer: string,
): { sub: string; [claim: string]: unknown } {
  return {
    sub: user.sub,
    name: user.name,
    given_name: user.givenName,
    family_name: user.familyName,
    picture: `${issuer}/users/${user.sub}.svg`,
    email: user.email,
    email_verified: true,
  };
}

export function pictureOf(user: DemoUser): string {
  const [from, to] = user.colors;
  const initials = `${user.givenName[0] ?? ""}${user.familyName[0] ?? ""}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96">
  <defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop stop-color="${from}"/><stop offset="1" stop-color="${to}"/></linearGradient></defs>
  <rect width="96" height="96" fill="url(#g)"/>
  <circle cx="78" cy="14" r="34" fill="#fff" opacity=".09"/>
  <circle cx="12" cy="92" r="38" fill="#000" opacity=".08"/>
  <text x="48" y="60" text-anchor="middle" font-family="system-ui, sans-serif" font-size="34" font-weight="600" letter-spacing="1" fill="#fff">${initials}</text>
</svg>`;
}
