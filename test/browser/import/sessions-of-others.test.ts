import { CacheKey, LocalStorageCache } from "@auth0/auth0-spa-js";
import { User, WebStorageStateStore } from "oidc-client-ts";
import { afterEach, describe, expect, test } from "vitest";
import { auth0Session, type Auth0SessionConfig } from "../../../src/import/auth0-session.ts";
import {
  oidcClientSession,
  type OidcClientSessionConfig,
} from "../../../src/import/oidc-client-session.ts";
import type { ImportedSession } from "../../../src/import/source.ts";

/** Sessions of other SDKs, stored by their own code. */

const ISSUER = "https://id.example";
const client = { issuer: ISSUER, clientId: "web" };

afterEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

function tokensOf(found: ImportedSession | undefined) {
  return found?.type === "found" ? found.tokens : found?.type;
}

describe("oidc-client-ts", () => {
  const KEY = `oidc.user:${ISSUER}:web`;
  const user = (changes: object = {}) =>
    new User({
      access_token: "at1",
      token_type: "Bearer",
      refresh_token: "rt1",
      id_token: "id1",
      scope: "openid email",
      expires_at: 1_800_000_000,
      profile: { sub: "ada", iss: ISSUER, aud: "web", exp: 1, iat: 1 },
      ...changes,
    }).toStorageString();
  const store = (key: string, storage: Storage, json = user()) =>
    new WebStorageStateStore({ prefix: "", store: storage }).set(key, json);
  const find = async (config?: OidcClientSessionConfig) => oidcClientSession(config).find(client);

  test("reads all members of a session", async () => {
    await store(KEY, localStorage);
    expect(tokensOf(await find())).toEqual({
      accessToken: "at1",
      tokenType: "Bearer",
      refreshToken: "rt1",
      idToken: "id1",
      scope: ["openid", "email"],
      expiresAt: 1_800_000_000_000,
      claims: { sub: "ada", iss: ISSUER, aud: "web", exp: 1, iat: 1 },
    });
  });

  test("finds a session in either storage, with another authority or another prefix", async () => {
    await store(KEY, localStorage);
    await store(KEY, sessionStorage, user({ access_token: "tab" }));
    expect(tokensOf(await find())).toMatchObject({ accessToken: "tab" });
    expect(tokensOf(await find({ storage: () => localStorage }))).toMatchObject({
      accessToken: "at1",
    });
    await store(`app.user:https://other:web`, localStorage, user({ access_token: "other" }));
    expect(tokensOf(await find({ authority: "https://other", prefix: "app." }))).toMatchObject({
      accessToken: "other",
    });
    localStorage.clear();
    sessionStorage.clear();
    await store(`oidc.user:${ISSUER}/:web`, localStorage, user({ access_token: "slash" }));
    expect(tokensOf(await find())).toMatchObject({ accessToken: "slash" });
  });

  test("ignores sessions of another client or authority", async () => {
    await store(`oidc.user:${ISSUER}:other`, localStorage);
    await store(`oidc.user:https://evil.example:web`, localStorage);
    expect(await find()).toBeUndefined();
    expect(localStorage).toHaveLength(2);
  });

  test.for<[string, string]>([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["null", "null"],
    ["no access token", user({ access_token: "" })],
    ["an invalid token", user({ access_token: { toString: "x" } })],
    ["an invalid expiry", user({ expires_at: "soon" })],
    ["an invalid profile", user({ profile: "ada" })],
  ])("reports an entry with %s as malformed, and keeps it", async ([, json]) => {
    await store(KEY, localStorage, json);
    expect(await find()).toEqual({ type: "malformed" });
    expect(localStorage.getItem(KEY)).toBe(json);
  });

  test("finds a session beside a malformed entry in the other storage", async () => {
    await store(KEY, sessionStorage, "{");
    await store(KEY, localStorage);
    expect(tokensOf(await find())).toMatchObject({ accessToken: "at1" });
  });

  test("removes the entry that was found, but not an entry that was written later", async () => {
    await store(KEY, localStorage);
    await store("oidc.other", localStorage, "{}");
    const [first, second] = [await find(), await find()];
    await store(KEY, localStorage, user({ access_token: "at2" }));
    if (first?.type === "found") await first.remove();
    expect(tokensOf(await find())).toMatchObject({ accessToken: "at2" });
    await store(KEY, localStorage);
    if (second?.type === "found") await second.remove();
    expect(Object.keys(localStorage)).toEqual(["oidc.other"]);
  });

  test("finds nothing where storage is blocked", async () => {
    const storage = () => {
      throw new DOMException("blocked", "SecurityError");
    };
    expect(await find({ storage })).toBeUndefined();
  });
});

describe("auth0-spa-js", () => {
  const cache = new LocalStorageCache();
  const put = (changes: Record<string, unknown> = {}, expiresAt: unknown = 1_800_000_000) => {
    const body = {
      client_id: "web",
      access_token: "at1",
      refresh_token: "rt1",
      audience: "default",
      scope: "openid profile email offline_access",
      oauthTokenScope: "openid profile",
      token_type: "Bearer",
      expires_in: 86_400,
      ...changes,
    };
    const { client_id: clientId, audience, scope } = body;
    const key = new CacheKey({ clientId, audience, scope }).toKey();
    cache.set(key, { body, expiresAt } as never);
    return key;
  };
  const putUser = (idToken: unknown = "id1") =>
    cache.set(new CacheKey({ clientId: "web" }, undefined, "@@user@@").toKey(), {
      id_token: idToken,
      decodedToken: {},
    } as never);
  const find = async (config?: Auth0SessionConfig) => auth0Session(config).find(client);

  test("reads the ID token from its separate entry, and removes all entries of the client", async () => {
    put();
    put({ scope: "openid", refresh_token: undefined, access_token: "at2" }, 1_900_000_000);
    putUser();
    localStorage.setItem("@@auth0spajs@@::web", '{"keys":[]}');
    const foreign = put({ client_id: "web2" });
    const found = await find();
    expect(tokensOf(found)).toEqual({
      accessToken: "at1",
      tokenType: "Bearer",
      refreshToken: "rt1",
      idToken: "id1",
      scope: ["openid", "profile"],
      expiresAt: 1_800_000_000_000,
    });
    if (found?.type === "found") await found.remove();
    expect(Object.keys(localStorage)).toEqual([foreign]);
  });

  test("reads only the refresh token of an expired session", async () => {
    put({ access_token: undefined, client_id: "web", oauthTokenScope: undefined });
    putUser();
    expect(tokensOf(await find())).toMatchObject({
      accessToken: undefined,
      refreshToken: "rt1",
      scope: ["openid", "profile", "email", "offline_access"],
    });
  });

  test("reads an ID token that an older version stored beside the other tokens", async () => {
    put({ id_token: "older" });
    expect(tokensOf(await find())).toMatchObject({ idToken: "older" });
  });

  test("reports several audiences as ambiguous until `audience` is given", async () => {
    put();
    put({ audience: "https://api.example", access_token: "api" });
    expect(await find()).toEqual({ type: "ambiguous" });
    expect(tokensOf(await find({ audience: "https://api.example" }))).toMatchObject({
      accessToken: "api",
    });
    expect(await find({ audience: "https://no.example" })).toBeUndefined();
    expect(localStorage).toHaveLength(2);
  });

  test("finds nothing with an ID token alone, and reports malformed when no entry can be read", async () => {
    putUser();
    expect(await find()).toBeUndefined();
    const key = put({}, "soon");
    expect(await find()).toEqual({ type: "malformed" });
    for (const json of ["{", "{}", '{"body":[]}', '{"body":{}}', '{"body":{"access_token":1}}']) {
      localStorage.setItem(key, json);
      expect(await find(), json).toEqual({ type: "malformed" });
      expect(localStorage.getItem(key)).toBe(json);
    }
  });
});
