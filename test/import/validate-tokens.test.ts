import { UnsecuredJWT } from "jose";
import { describe, expect, test } from "vitest";
import type { ImportedTokens } from "../../src/import/source.ts";
import { validateImported } from "../../src/import/validate-tokens.ts";
import { CLIENT, ISSUER } from "../oidc/support.ts";

const NOW = 1_800_000_000_000;
const context = { issuer: ISSUER, clientId: CLIENT, now: NOW };

/** Unsigned, because the import does not validate the signature. */
const idToken = (claims: Record<string, unknown> = {}) =>
  new UnsecuredJWT({
    iss: ISSUER,
    aud: CLIENT,
    sub: "ada",
    name: "Zoë",
    exp: 7,
    ...claims,
  }).encode();

const imported = (changes: Partial<ImportedTokens> = {}): ImportedTokens => ({
  accessToken: "at1",
  expiresAt: NOW + 60_000,
  scope: ["openid"],
  refreshToken: "rt1",
  idToken: idToken(),
  ...changes,
});

const validate = (changes: Partial<ImportedTokens> = {}) =>
  validateImported(imported(changes), context);
const endOf = (changes: Partial<ImportedTokens>) => {
  const validation = validate(changes);
  return validation.type === "tokens" ? validation.tokens.expiresAt - NOW : validation.reason;
};

describe("validateImported()", () => {
  test("takes the user from the ID token, which may have expired", () => {
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
    ["an issuer that differs by a slash", { iss: `${ISSUER}/` }],
    ["another client", { aud: "other" }],
    ["a second client and no azp", { aud: [CLIENT, "other"] }],
    ["another azp", { aud: [CLIENT, "other"], azp: "other" }],
  ])("refuses tokens of %s", ([, claims]) => {
    expect(validate({ idToken: idToken(claims) })).toEqual({ type: "refused", reason: "foreign" });
  });

  test("takes the user from the stored claims without an ID token, unless another issuer made them", () => {
    const withClaims = (claims: Record<string, unknown> | undefined) =>
      validate({ idToken: undefined, claims });
    expect(withClaims({ sub: "583231", name: "Octocat" })).toMatchObject({
      tokens: { user: { sub: "583231", name: "Octocat" } },
    });
    expect(withClaims({ sub: "ada", iss: "https://evil.example" })).toMatchObject({
      reason: "foreign",
    });
    expect(withClaims({ name: "Ada" })).toMatchObject({ reason: "no_user" });
    expect(withClaims(undefined)).toMatchObject({ reason: "no_user" });
  });

  test.for(["", "x", "a.b.c", `e30.${btoa("[1]")}.`])(
    "refuses the ID token %j as malformed",
    (token) => {
      expect(validate({ idToken: token })).toEqual({ type: "refused", reason: "malformed" });
    },
  );

  test("refuses an ID token without a sub", () => {
    expect(validate({ idToken: idToken({ sub: "" }) })).toMatchObject({ reason: "no_user" });
    expect(validate({ idToken: idToken({ sub: 7 }) })).toMatchObject({ reason: "no_user" });
  });

  test("refuses expired tokens without a refresh token, and tokens bound to the other SDK's key", () => {
    expect(endOf({ expiresAt: NOW, refreshToken: undefined })).toBe("expired");
    expect(endOf({ accessToken: undefined, refreshToken: undefined })).toBe("expired");
    expect(endOf({ tokenType: "DPoP" })).toBe("sender_constrained");
    expect(endOf({ tokenType: "bearer" })).toBe(60_000);
  });

  test("keeps the stored expiry up to ten years; without one, tokens are refreshed at once if possible", () => {
    expect(endOf({ expiresAt: undefined })).toBe(-NOW);
    expect(endOf({ accessToken: undefined })).toBe(-NOW);
    expect(endOf({ expiresAt: 1e300 })).toBe(315_360_000_000);
    expect(endOf({ expiresAt: undefined, refreshToken: undefined })).toBe(315_360_000_000);
  });
});
