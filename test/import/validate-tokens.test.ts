import { UnsecuredJWT } from "jose";
import { describe, expect, test } from "vitest";
import type { ImportedTokens } from "../../src/import/source.ts";
import { validateImported } from "../../src/import/validate-tokens.ts";
import { CLIENT, ISSUER } from "../oidc/support.ts";

const NOW = 1_800_000_000_000;
const context = { issuer: ISSUER, clientId: CLIENT, now: NOW };

/** Signed by nobody: what is taken over is not judged by its signature. */
const idToken = (claims: Record<string, unknown> = {}) =>
  new UnsecuredJWT({
    iss: ISSUER,
    aud: CLIENT,
    sub: "ada",
    name: "Zoë",
    exp: 7,
    ...claims,
  }).encode();

const left = (changes: Partial<ImportedTokens> = {}): ImportedTokens => ({
  accessToken: "at1",
  expiresAt: NOW + 60_000,
  scope: ["openid"],
  refreshToken: "rt1",
  idToken: idToken(),
  ...changes,
});

const validate = (changes: Partial<ImportedTokens> = {}) =>
  validateImported(left(changes), context);
const endOf = (changes: Partial<ImportedTokens>) => {
  const validation = validate(changes);
  return validation.type === "tokens" ? validation.tokens.expiresAt - NOW : validation.reason;
};

describe("what another SDK left", () => {
  test("is of the person in its ID token, which may be over", () => {
    expect(validate({ idToken: idToken({ auth_time: 5 }), claims: { sub: "eve" } })).toEqual({
      type: "tokens",
      tokens: {
        accessToken: "at1",
        tokenType: "Bearer",
        expiresAt: NOW + 60_000,
        scope: ["openid"],
        refreshToken: "rt1",
        idToken: idToken({ auth_time: 5 }),
        authTime: 5,
        user: {
          sub: "ada",
          name: "Zoë",
          claims: { iss: ISSUER, aud: CLIENT, sub: "ada", name: "Zoë", exp: 7, auth_time: 5 },
        },
      },
    });
  });

  test.for<[string, Record<string, unknown>]>([
    ["another issuer", { iss: "https://evil.example" }],
    ["another issuer by a slash", { iss: `${ISSUER}/` }],
    ["another client", { aud: "other" }],
    ["another client besides", { aud: [CLIENT, "other"] }],
    ["another party", { aud: [CLIENT, "other"], azp: "other" }],
  ])("of %s is refused", ([, claims]) => {
    expect(validate({ idToken: idToken(claims) })).toEqual({ type: "refused", reason: "foreign" });
  });

  test("without an ID token is of whom its claims say, unless they are of another issuer", () => {
    const told = (claims: Record<string, unknown> | undefined) =>
      validate({ idToken: undefined, claims });
    expect(told({ sub: "583231", name: "Octocat" })).toMatchObject({
      tokens: { user: { sub: "583231", name: "Octocat" } },
    });
    expect(told({ sub: "ada", iss: "https://evil.example" })).toMatchObject({ reason: "foreign" });
    expect(told({ name: "Ada" })).toMatchObject({ reason: "nobody" });
    expect(told(undefined)).toMatchObject({ reason: "nobody" });
  });

  test.for(["", "x", "a.b.c", `e30.${btoa("[1]")}.`])(
    "with the ID token %j is malformed",
    (token) => {
      expect(validate({ idToken: token })).toEqual({ type: "refused", reason: "malformed" });
    },
  );

  test("nobody knows of without a sub", () => {
    expect(validate({ idToken: idToken({ sub: "" }) })).toMatchObject({ reason: "nobody" });
    expect(validate({ idToken: idToken({ sub: 7 }) })).toMatchObject({ reason: "nobody" });
  });

  test("is of no use when it is over and cannot be renewed, or when it needs another SDK's key", () => {
    expect(endOf({ expiresAt: NOW, refreshToken: undefined })).toBe("expired");
    expect(endOf({ accessToken: undefined, refreshToken: undefined })).toBe("expired");
    expect(endOf({ tokenType: "DPoP" })).toBe("sender_constrained");
    expect(endOf({ tokenType: "bearer" })).toBe(60_000);
  });

  test("lives as long as was told, never longer than ten years, and is renewed at once when nobody told", () => {
    expect(endOf({ expiresAt: undefined })).toBe(-NOW);
    expect(endOf({ accessToken: undefined })).toBe(-NOW);
    expect(endOf({ expiresAt: 1e300 })).toBe(315_360_000_000);
    expect(endOf({ expiresAt: undefined, refreshToken: undefined })).toBe(315_360_000_000);
  });
});
