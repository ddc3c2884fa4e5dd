import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { isAuthError, TimeoutError } from "../../src/core/errors.ts";
import { clientKey, sessionKey } from "../../src/core/keys.ts";
import { findAccess, storedTokens, type SessionRow } from "../../src/core/session.ts";
import { tokenSet } from "../../src/core/token-set.ts";
import { parseWantKey, wantKey } from "../../src/core/want.ts";

describe("want keys", () => {
  test("are equal for equal wants, in whatever order the scopes stand", () => {
    expect(wantKey({ scope: ["b", "a", "b"], resource: "r" })).toBe(
      wantKey({ resource: "r", scope: ["a", "b"] }),
    );
    expect(wantKey({})).not.toBe(wantKey({ scope: ["a"] }));
    expect(wantKey({ resource: "x" })).not.toBe(wantKey({ audience: "x" }));
  });

  test("give the want back", () => {
    expect(parseWantKey(wantKey({ scope: ["b", "a"], audience: "x" }))).toEqual({
      resource: "",
      audience: "x",
      scope: ["a", "b"],
    });
    expect(parseWantKey(wantKey({}))).toEqual({ resource: "", audience: "", scope: [] });
  });
});

test("keys of clients and people cannot run into each other", () => {
  const keys = [
    sessionKey(clientKey("https://a", "b/c"), "d"),
    sessionKey(clientKey("https://a", "b"), "c/d"),
    sessionKey(clientKey("https://a,b", "c"), "d"),
    sessionKey(clientKey("https://a", "b,c"), "d"),
  ];
  expect(new Set(keys).size).toBe(4);
});

describe("the access token that serves a want", () => {
  const resource = "https://api";
  const row = {
    access: {
      [wantKey({})]: { gen: 1, expiresAt: 10, scope: ["openid", "read"] },
      [wantKey({ resource, scope: ["read", "write"] })]: { gen: 2, expiresAt: 10, scope: ["read"] },
    },
  } as unknown as SessionRow;
  const any = () => true;

  test("has the same key", () => {
    expect(findAccess(row, wantKey({}), any)).toBe(wantKey({}));
    expect(findAccess(row, wantKey({}), () => false)).toBeUndefined();
  });

  test("or covers the scopes with what was granted, not with what was asked", () => {
    expect(findAccess(row, wantKey({ scope: ["read"] }), any)).toBe(wantKey({}));
    expect(findAccess(row, wantKey({ scope: ["write"] }), any)).toBeUndefined();
    expect(findAccess(row, wantKey({ resource, scope: ["read"] }), any)).toBe(
      wantKey({ resource, scope: ["read", "write"] }),
    );
    expect(findAccess(row, wantKey({ resource, scope: ["write"] }), any)).toBeUndefined();
  });

  test("is never of another resource or audience", () => {
    expect(
      findAccess(row, wantKey({ resource: "https://other", scope: ["read"] }), any),
    ).toBeUndefined();
    expect(findAccess(row, wantKey({ audience: "x", scope: ["read"] }), any)).toBeUndefined();
    expect(findAccess(row, wantKey({ resource }), any)).toBeUndefined();
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

  test("of a session keeps the refresh token inside", () => {
    const want = wantKey({});
    const row = {
      access: { [want]: { gen: 3, expiresAt: 1, scope: [] } },
    } as unknown as SessionRow;
    const record = {
      refreshToken: "canary",
      idTokenVerified: true,
      user: { sub: "ada", claims: {} },
      access: { [want]: { token: "at", tokenType: "Bearer" } },
    };
    expect({ ...storedTokens(row, record, want) }).toEqual({
      accessToken: "at",
      tokenType: "Bearer",
      expiresAt: 1,
      scope: [],
      user: record.user,
      generation: 3,
    });
    expect(storedTokens(row, record, wantKey({ resource: "x" }))).toBeUndefined();
  });
});

test("what a catch caught is narrowed to its class by its code", () => {
  const caught: unknown = new TimeoutError("no token yet", { pending: true });
  expect(isAuthError(caught) && caught.code === "timeout" && caught.pending).toBe(true);
  expect(isAuthError(new Error("another's"))).toBe(false);
});
