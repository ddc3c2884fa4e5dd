import { beforeEach, describe, expect, test } from "vitest";
import type { OwnParameters } from "../../src/core/authorization-parameters.ts";
import { createServer, type OidcServer } from "../../src/oidc/server.ts";
import type { OidcServerConfig } from "../../src/oidc/context.ts";
import {
  CLIENT,
  errorFrom,
  fakeFetch,
  ISSUER,
  json,
  REDIRECT,
  shown,
  testClock,
  testRequests,
} from "./support.ts";

/** Additional parameters, for which Latchkey has no option. */

const DOCUMENT = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize?p=default&tenant=a`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/jwks`,
  end_session_endpoint: `${ISSUER}/logout`,
};

let fetch: ReturnType<typeof fakeFetch>;
const tokenRequests = () => fetch.sent.filter(({ url }) => url.endsWith("/token"));

beforeEach(() => {
  fetch = fakeFetch(({ url }) => {
    if (url.includes("/.well-known/")) return json(DOCUMENT);
    if (url.endsWith("/jwks")) return json({ keys: [] });
    return json({ access_token: "at", token_type: "Bearer", expires_in: 60 });
  });
});

function start(more: Partial<OidcServerConfig> = {}): OidcServer {
  return createServer({
    issuer: ISSUER,
    clientId: CLIENT,
    requests: testRequests(),
    clock: testClock(),
    fetch,
    tokenTimeoutMs: 15_000,
    discoveryTimeoutMs: 10_000,
    ...more,
  });
}
const query = async (server: OidcServer, request: object = {}) =>
  new URL(await server.authorize({ redirectUri: REDIRECT, ...request })).searchParams;

const acrClaim = (acr: object) => JSON.stringify({ id_token: { acr } });

describe("parameters of a login", () => {
  test("are sent as they are, those of loginOptions with every login", async () => {
    const server = start({
      loginOptions: { parameters: { ui_locales: "de fr", organization: "a&b" } },
    });
    const parameters = { kc_idp_hint: "github", claims: '{"userinfo":{"email":null}}', empty: "" };
    const sent = Object.fromEntries(await query(server, { parameters }));
    expect(sent).toMatchObject({
      ui_locales: "de fr",
      organization: "a&b",
      kc_idp_hint: "github",
      claims: '{"userinfo":{"email":null}}',
      tenant: "a",
    });
    expect(sent).not.toHaveProperty("empty");
    expect((await query(server)).get("organization")).toBe("a&b");
  });

  test("replace a default of loginOptions, or remove it", async () => {
    const server = start({ loginOptions: { parameters: { ui_locales: "de", domain_hint: "x" } } });
    const parameters = { ui_locales: "fr", domain_hint: undefined };
    const sent = await query(server, { parameters });
    expect(sent.getAll("ui_locales")).toEqual(["fr"]);
    expect(sent.has("domain_hint")).toBe(false);
  });

  test("replace a parameter of the endpoint's own URL, so that none is sent twice", async () => {
    const sent = await query(start(), { parameters: { p: "reset" } });
    expect(sent.getAll("p")).toEqual(["reset"]);
  });

  const OWNED = [
    ["client_id", "`clientId`"],
    ["redirect_uri", "`redirectUri`"],
    ["response_type", "authorization code flow"],
    ["response_mode", "authorization code flow"],
    ["scope", "`scope`"],
    ["state", "`returnTo`"],
    ["nonce", ". Latchkey creates a new value for each login."],
    ["code_challenge", "each login"],
    ["code_challenge_method", "each login"],
    ["resource", "`resource`"],
    ["audience", "`audience`"],
    ["prompt", "`prompt`"],
    ["login_hint", "`loginHint`"],
    ["id_token_hint", "ID token"],
    ["max_age", "`maxAge`"],
    ["acr_values", "`acrValues`"],
    ["request", "request objects"],
    ["request_uri", "request objects"],
  ] as const;

  test.for(OWNED)("cannot contain %s: the error names %s", async ([name, instead]) => {
    const parameters = { [name]: "s3cret" };
    for (const [input, login] of [
      ["parameters", () => query(start(), { parameters })],
      ["loginOptions.parameters", () => query(start({ loginOptions: { parameters } }))],
    ] as const) {
      const error = await errorFrom(login());
      expect(error).toMatchObject({ code: "configuration", input: `${input}.${name}` });
      expect(error.hint).toContain(instead);
      expect(shown(error)).not.toContain("s3cret");
    }
    expect(fetch.sent).toEqual([]);
  });

  test.for<[string, unknown]>([
    ["parameters", "ui_locales=de"],
    ["parameters", null],
    ["parameters.ui_locales", { ui_locales: ["de"] }],
    ["parameters.trusted", { trusted: true }],
    ["parameters.claims", { claims: { id_token: {} } }],
    ["parameters.claims", { claims: "acr" }],
    ["parameters.claims", { claims: acrClaim({ essential: true, values: "mfa" }) }],
    ["parameters.claims", { claims: acrClaim({ essential: true, values: ["mfa", 2] }) }],
    ["parameters.claims", { claims: acrClaim({ essential: true, value: 2 }) }],
  ])("of a wrong type are refused before any request: %s", async ([input, parameters]) => {
    const error = await errorFrom(
      query(start({ loginOptions: { parameters: {} } }), { parameters }),
    );
    expect(error).toMatchObject({ code: "configuration", input });
    expect(fetch.sent).toEqual([]);
  });
});

describe("the prompt of a login", () => {
  test.for(["create", "login consent", "select_account login consent"])(
    "can be %s",
    async (prompt) => expect((await query(start(), { prompt })).get("prompt")).toBe(prompt),
  );

  test.for(["signup", "login,consent", "none login", " login", "login ", ["login"], 1, ""])(
    "cannot be %j",
    async (prompt) => {
      expect(await errorFrom(query(start(), { prompt }))).toMatchObject({
        code: "configuration",
        input: "prompt",
      });
      expect(fetch.sent).toEqual([]);
    },
  );
});

describe("parameters of token requests", () => {
  const tokenParameters: OwnParameters = { organization: "acme", unset: undefined };

  test("are sent with grants and with refreshes, and cannot replace a parameter of the grant", async () => {
    const server = start({ tokenParameters });
    await server.requestTokens({ grant_type: "x", organization: "other" });
    const sender = await server.loadSender();
    await sender.prepare();
    await sender.send({ refreshToken: "rt", previous: { user: { sub: "ada", claims: {} } } });
    expect(tokenRequests().map(({ body }) => body)).toEqual([
      { grant_type: "x", client_id: CLIENT, organization: "other" },
      { grant_type: "refresh_token", refresh_token: "rt", client_id: CLIENT, organization: "acme" },
    ]);
  });

  test.for(["grant_type", "client_id", "refresh_token", "scope", "code_verifier"])(
    "cannot contain %s",
    async (name) => {
      const server = start({ tokenParameters: { [name]: "s3cret" } });
      for (const call of [
        () => server.requestTokens({ grant_type: "x" }),
        () => server.loadSender(),
        () => server.authorize({ redirectUri: REDIRECT }),
        () => server.authorizeDevice({}),
        () => server.exchange(`${REDIRECT}?code=c&state=s`),
      ]) {
        const error = await errorFrom(call());
        expect(error).toMatchObject({ code: "configuration", input: `tokenParameters.${name}` });
        expect(shown(error)).not.toContain("s3cret");
      }
      expect(fetch.sent).toEqual([]);
    },
  );

  test("D5: are redacted when the server repeats a value", async () => {
    const words = { error: "invalid_request", error_description: "unknown KEY-123456" };
    fetch = fakeFetch(({ url }) => (url.endsWith("/token") ? json(words, 400) : json(DOCUMENT)));
    const server = start({ tokenParameters: { api_key: "KEY-123456" } });
    const sender = await server.loadSender();
    await sender.prepare();
    const refresh = { refreshToken: "rt", previous: { user: { sub: "ada", claims: {} } } };
    const results = [
      await errorFrom(server.requestTokens({ grant_type: "client_credentials" })),
      await sender.send(refresh),
      await sender.send(refresh),
    ];
    expect(tokenRequests().map(({ body }) => body["api_key"])).toContain("KEY-123456");
    for (const result of results) expect(shown(result)).not.toContain("KEY-123456");
    expect(results.map(shown).join()).toContain("[redacted]");
  });
});

test("parameters of a logout are added to the end-session request", async () => {
  const parameters = { logout_uri: "https://app.example.com/", unset: undefined };
  expect(await start().endSession({ parameters })).toBe(
    `${ISSUER}/logout?client_id=${CLIENT}&logout_uri=https%3A%2F%2Fapp.example.com%2F`,
  );
});

test.for(["client_id", "id_token_hint", "post_logout_redirect_uri", "state"])(
  "parameters of a logout cannot contain %s",
  async (name) => {
    const error = await errorFrom(start().endSession({ parameters: { [name]: "s3cret" } }));
    expect(error).toMatchObject({ code: "configuration", input: `parameters.${name}` });
    expect(shown(error)).not.toContain("s3cret");
    expect(fetch.sent).toEqual([]);
  },
);
