import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { isAuthError, RefreshTokenError, TimeoutError } from "../../src/core/errors.ts";
import { clientKey, sessionKey } from "../../src/core/keys.ts";
import { findAccess, storedTokens, type SessionRow } from "../../src/core/session.ts";
import { tokenSet } from "../../src/core/token-set.ts";
import { parseTargetKey, targetKey } from "../../src/core/token-target.ts";

describe("target keys", () => {
  test("are equal for equal targets, in any order of the scopes", () => {
    expect(targetKey({ scope: ["b", "a", "b"], resource: "r" })).toBe(
      targetKey({ resource: "r", scope: ["a", "b"] }),
    );
    expect(targetKey({})).not.toBe(targetKey({ scope: ["a"] }));
    expect(targetKey({ resource: "x" })).not.toBe(targetKey({ audience: "x" }));
  });

  test("can be parsed back into the target", () => {
    expect(parseTargetKey(targetKey({ scope: ["b", "a"], audience: "x" }))).toEqual({
      resource: "",
      audience: "x",
      scope: ["a", "b"],
    });
    expect(parseTargetKey(targetKey({}))).toEqual({ resource: "", audience: "", scope: [] });
  });
});

test("keys of clients and users do not collide", () => {
  const keys = [
    sessionKey(clientKey("https://a", "b/c"), "d"),
    sessionKey(clientKey("https://a", "b"), "c/d"),
    sessionKey(clientKey("https://a,b", "c"), "d"),
    sessionKey(clientKey("https://a", "b,c"), "d"),
  ];
  expect(new Set(keys).size).toBe(4);
});

describe("the access token that serves a target", () => {
  const resource = "https://api";
  const row = {
    access: {
      [targetKey({})]: { generation: 1, expiresAt: 10, scope: ["openid", "read"] },
      [targetKey({ resource, scope: ["read", "write"] })]: {
        generation: 2,
        expiresAt: 10,
        scope: ["read"],
      },
    },
  } as unknown as SessionRow;
  const any = () => true;

  test("has the same key", () => {
    expect(findAccess(row, targetKey({}), any)).toBe(targetKey({}));
    expect(findAccess(row, targetKey({}), () => false)).toBeUndefined();
  });

  test("or covers the scopes with its granted scopes, not with the requested ones", () => {
    expect(findAccess(row, targetKey({ scope: ["read"] }), any)).toBe(targetKey({}));
    expect(findAccess(row, targetKey({ scope: ["write"] }), any)).toBeUndefined();
    expect(findAccess(row, targetKey({ resource, scope: ["read"] }), any)).toBe(
      targetKey({ resource, scope: ["read", "write"] }),
    );
    expect(findAccess(row, targetKey({ resource, scope: ["write"] }), any)).toBeUndefined();
  });

  test("is never of another resource or audience", () => {
    expect(
      findAccess(row, targetKey({ resource: "https://other", scope: ["read"] }), any),
    ).toBeUndefined();
    expect(findAccess(row, targetKey({ audience: "x", scope: ["read"] }), any)).toBeUndefined();
    expect(findAccess(row, targetKey({ resource }), any)).toBeUndefined();
  });
});

describe("a token set", () => {
  const secrets = {
    accessToken: "canary-access",
    refreshToken: "canary-refresh",
    idToken: "canary-id",
  };
  const tokens = tokenSet({
    ...secrets,
    tokenType: "Bearer",
    expiresAt: 1,
    scope: [],
  });

  test("shows no secret when it is logged or put into JSON", () => {
    expect(
      `${JSON.stringify({ tokens })} ${inspect(tokens)} ${inspect({ deep: [tokens] })}`,
    ).not.toContain("canary");
    expect({ ...tokens }).toMatchObject(secrets);
  });

  test("of a session does not contain the refresh token", () => {
    const target = targetKey({});
    const row = {
      access: { [target]: { generation: 3, expiresAt: 1, scope: [] } },
    } as unknown as SessionRow;
    const record = {
      refreshToken: "canary",
      idTokenVerified: true,
      user: { sub: "ada", claims: {} },
      access: { [target]: { token: "at", tokenType: "Bearer" } },
    };
    expect({ ...storedTokens(row, record, target) }).toEqual({
      accessToken: "at",
      tokenType: "Bearer",
      expiresAt: 1,
      scope: [],
      user: record.user,
      generation: 3,
    });
    expect(storedTokens(row, record, targetKey({ resource: "x" }))).toBeUndefined();
  });
});

test("a caught error is narrowed to its class by its code", () => {
  const caught: unknown = new TimeoutError("no token yet", { pending: true });
  expect(isAuthError(caught) && caught.code === "timeout" && caught.pending).toBe(true);
  expect(isAuthError(new Error("another's"))).toBe(false);
});

test.for([
  ["auth_time", true],
  ["sub", false],
] as const)("E9: after an invalid %s, the hint names authTimeOnRefresh: %s", ([claim, names]) => {
  const { hint } = new RefreshTokenError("id_token", { claim });
  expect(hint.includes('authTimeOnRefresh: "ignore"')).toBe(names);
});
