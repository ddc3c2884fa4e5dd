import { beforeEach, describe, expect, test } from "vitest";
import type { Endpoints } from "../../src/core/endpoints.ts";
import { createServer } from "../../src/oidc/server.ts";
import { testDocuments } from "./documents.ts";
import {
  CLIENT,
  errorFrom,
  fakeFetch,
  ISSUER,
  json,
  REDIRECT,
  testClock,
  testRequests,
} from "./support.ts";

/** Endpoints that the app gives, and the two places where a server can publish its metadata. */

const OPENID = `${ISSUER}/.well-known/openid-configuration`;
const DOCUMENT = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/jwks`,
};
const TOKENS = { access_token: "at", token_type: "Bearer", expires_in: 60 };

let published: Record<string, () => Response>;
let fetch: ReturnType<typeof fakeFetch>;
const urls = () => fetch.sent.map(({ url }) => url);

beforeEach(() => {
  published = { [OPENID]: () => json(DOCUMENT) };
  fetch = fakeFetch(({ url }) => {
    if (url.endsWith("/jwks")) return json({ keys: [] });
    const isMetadata = url.includes("/.well-known/");
    return published[url]?.() ?? (isMetadata ? new Response("", { status: 404 }) : json(TOKENS));
  });
});

function start(endpoints?: Endpoints, issuer = ISSUER) {
  return createServer({
    issuer,
    clientId: CLIENT,
    endpoints,
    requests: testRequests(),
    documents: testDocuments(),
    clock: testClock(),
    fetch,
    tokenTimeoutMs: 15_000,
    discoveryTimeoutMs: 10_000,
  });
}

describe("an endpoint that the app gives", () => {
  test("replaces that of the metadata, and the others stay", async () => {
    const server = start({
      tokenEndpoint: "https://proxy.example.com/token",
      revocationEndpoint: `${ISSUER}/revoke`,
    });
    await server.revoke("rt");
    expect(await server.authorize({ redirectUri: REDIRECT })).toContain(`${ISSUER}/authorize?`);
    await server.requestTokens({ grant_type: "x" });
    expect(urls()).toEqual([
      OPENID,
      `${ISSUER}/revoke`,
      `${ISSUER}/jwks`,
      "https://proxy.example.com/token",
    ]);
  });

  test("is also used by a refresh, with metadata that another page has stored", async () => {
    const sender = await start({ tokenEndpoint: "https://proxy.example.com/token" }).loadSender();
    await sender.prepare();
    const refresh = { refreshToken: "rt", previous: { user: { sub: "ada", claims: {} } } };
    expect((await sender.send(refresh)).type).toBe("moved");
    expect((await sender.send(refresh)).type).toBe("tokens");
    expect(urls()).toEqual([OPENID, "https://proxy.example.com/token"]);
  });

  test("replaces one that the metadata lacks or has in a wrong form", async () => {
    published[OPENID] = () => json({ ...DOCUMENT, token_endpoint: "/token", jwks_uri: undefined });
    const server = start({ tokenEndpoint: `${ISSUER}/token`, jwksUri: `${ISSUER}/jwks` });
    expect((await server.requestTokens({ grant_type: "x" })).accessToken).toBe("at");
    expect(urls()).toEqual([OPENID, `${ISSUER}/jwks`, `${ISSUER}/token`]);
  });

  test.for(["tokenEndpoint", "endSessionEndpoint"])(
    "is refused before any request if its URL is not https: %s",
    async (name) => {
      const server = start({ [name]: "http://id.example.com/x" });
      expect(await errorFrom(server.requestTokens({ grant_type: "x" }))).toMatchObject({
        code: "configuration",
        input: `endpoints.${name}`,
      });
      expect(urls()).toEqual([]);
    },
  );
});

describe("authorization and token endpoint together", () => {
  test("replace the metadata", async () => {
    const { authorization_endpoint: authorizationEndpoint, token_endpoint: tokenEndpoint } =
      DOCUMENT;
    const server = start({ authorizationEndpoint, tokenEndpoint });
    await server.authorize({ redirectUri: REDIRECT });
    await server.requestTokens({ grant_type: "x" });
    expect(await server.endSession({})).toBeUndefined();
    expect(urls()).toEqual([tokenEndpoint]);
  });
});

describe("metadata at the location of OAuth", () => {
  const PLACES = [
    [ISSUER, `${ISSUER}/.well-known/oauth-authorization-server`],
    [`${ISSUER}/`, `${ISSUER}/.well-known/oauth-authorization-server`],
    [`${ISSUER}/realms/a`, `${ISSUER}/.well-known/oauth-authorization-server/realms/a`],
    [`${ISSUER}:8443/o/`, `${ISSUER}:8443/.well-known/oauth-authorization-server/o`],
  ] as const;

  test.for(PLACES)("of %s is found at %s", async ([issuer, place]) => {
    delete published[OPENID];
    published[place] = () => json({ ...DOCUMENT, issuer });
    await start(undefined, issuer).requestTokens({ grant_type: "client_credentials" });
    expect(urls()).toEqual([
      `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
      place,
      `${ISSUER}/token`,
    ]);
  });

  const MISSING = {
    "404": () => new Response("", { status: 404 }),
    "403, as file servers respond": () => new Response("", { status: 403 }),
    "the page of a single-page app": () => new Response("<!doctype html>"),
  };
  test.for(Object.keys(MISSING) as (keyof typeof MISSING)[])(
    "is found when the other location responds with %s",
    async (answer) => {
      published[OPENID] = MISSING[answer];
      published[PLACES[0][1]] = () => json(DOCUMENT);
      await start().requestTokens({ grant_type: "client_credentials" });
      expect(urls()).toHaveLength(3);
    },
  );

  test("is not asked for while the server is busy", async () => {
    published[OPENID] = () => new Response("", { status: 503 });
    expect(await errorFrom(start().requestTokens({ grant_type: "x" }))).toMatchObject({
      code: "discovery",
      status: 503,
      retryable: true,
    });
    expect(urls()).toEqual([OPENID]);
  });

  test("may be missing too: the error names the location of OpenID Connect", async () => {
    delete published[OPENID];
    const error = await errorFrom(start().requestTokens({ grant_type: "x" }));
    expect(error).toMatchObject({ code: "discovery", status: 404, retryable: false });
    expect(error.message).toContain(OPENID);
    expect(error.hint).toContain("oauth-authorization-server");
    expect(error.hint).toContain("`endpoints`");
  });

  test("may fail for a moment: the error is retryable", async () => {
    delete published[OPENID];
    published[PLACES[0][1]] = () => new Response("", { status: 502 });
    expect(await errorFrom(start().requestTokens({ grant_type: "x" }))).toMatchObject({
      code: "discovery",
      status: 502,
      retryable: true,
    });
  });
});
