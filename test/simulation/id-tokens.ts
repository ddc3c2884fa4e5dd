import type { TokenRecord } from "../../src/core/session.ts";
import type { User } from "../../src/core/user.ts";
import type { Prng } from "./prng.ts";

/** The fault of an invalid ID token. */
export type Flaw = "claims" | "signature";

export const ISSUER = "https://id.example";
export const CLIENT_ID = "client";
/** Lifetime of every ID token. Seconds. */
export const LIFETIME_S = 600;

/** Wrong claims for refreshed ID tokens. The client detects each of them without a key. */
const WRONG: readonly Readonly<Record<string, unknown>>[] = [
  { sub: "eve" },
  { iss: "https://evil.example" },
  { aud: "another" },
  { auth_time: 1 },
  { nonce: "another" },
  { exp: 1 },
  { iat: undefined },
];

/** An ID token as the server issues it. `number` makes the token unique. */
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

/** True if the signature fits no key of the server. */
export function isForged(idToken: string | undefined): boolean {
  return idToken?.includes(".bad~") ?? false;
}

/** The user that a validation returns. The extra claim `idToken` holds the validated ID token. */
export function userOf(sub: string, idToken: string | undefined): User {
  const claims = idToken === undefined ? {} : payloadOf(idToken);
  return { sub, claims: { ...claims, sub, idToken } };
}

function payloadOf(idToken: string): object {
  const [, payload = encoded({})] = idToken.split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
}

/** The ID token whose validation returned the user of this record. */
export function validatedIn({ user }: TokenRecord): unknown {
  return user.claims["idToken"];
}
