import type { TokenRecord } from "../../src/core/session.ts";
import type { User } from "../../src/core/user.ts";
import type { Prng } from "./prng.ts";

/** What is wrong with an ID token. */
export type Flaw = "claims" | "signature";

export const ISSUER = "https://id.example";
export const CLIENT_ID = "client";
export const LIFETIME_S = 600;

/** What may be wrong about the claims of a refreshed ID token. Nothing of it needs a key to be seen. */
const WRONG: readonly Readonly<Record<string, unknown>>[] = [
  { sub: "eve" },
  { iss: "https://evil.example" },
  { aud: "another" },
  { auth_time: 1 },
  { nonce: "another" },
  { exp: 1 },
  { iat: undefined },
];

/** Of the server that signed it. `number` makes it one of its kind. */
export function idTokenOf(
  sub: string,
  number: number,
  issuedAtS: number,
  flaw: Flaw | undefined,
  prng: Prng,
): string {
  if (flaw === "claims" && prng.chance(0.1)) return `rubbish~${number}~`;
  const claims = {
    iss: ISSUER,
    aud: CLIENT_ID,
    sub,
    iat: issuedAtS,
    exp: issuedAtS + LIFETIME_S,
    auth_time: 7,
    nonce: "nonce",
    ...(flaw === "claims" && prng.pick(WRONG)),
  };
  const signature = flaw === "signature" ? "bad" : "good";
  return `${HEADER}.${encoded(claims)}.${signature}~${number}~`;
}

const HEADER = encoded({ alg: "ES256" });

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** None of the server's keys fits. */
export function isForged(idToken: string | undefined): boolean {
  return idToken?.includes(".bad~") ?? false;
}

/** What a validation finds: the claims name the ID token that they are of. */
export function userOf(sub: string, idToken: string | undefined): User {
  const claims = idToken === undefined ? {} : payloadOf(idToken);
  return { sub, claims: { ...claims, sub, idToken } };
}

function payloadOf(idToken: string): object {
  const [, payload = encoded({})] = idToken.split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
}

/** The ID token whose validation the record tells of. */
export function validatedIn({ user }: TokenRecord): unknown {
  return user.claims["idToken"];
}
