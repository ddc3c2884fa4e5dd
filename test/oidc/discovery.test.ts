import { describe, expect, test } from "vitest";
import { ConfigurationError, NetworkError } from "../../src/core/errors.ts";
import { DiscoveryError } from "../../src/core/protocol-errors.ts";
import { fetchMetadata, optionalEndpoint, parseMetadata } from "../../src/oidc/discovery.ts";
import type { Fetch } from "../../src/oidc/token/form-request.ts";
import { errorFrom, fakeFetch, ISSUER, json, realFetch, realServer } from "./support.ts";

const DOCUMENT = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
};
const run = async (fetch: Fetch, issuer = ISSUER, timeoutMs = 10_000) =>
  parseMetadata(await fetchMetadata(issuer, { fetch, timeoutMs }), issuer);
const given = (document: unknown, issuer = ISSUER) =>
  run(
    fakeFetch(() => json(document)),
    issuer,
  );

test("a complete document becomes ServerMetadata", async () => {
  const document = {
    ...DOCUMENT,
    jwks_uri: `${ISSUER}/jwks`,
    revocation_endpoint: `${ISSUER}/revoke`,
    end_session_endpoint: `${ISSUER}/logout`,
    id_token_signing_alg_values_supported: ["RS256", "ES256"],
    authorization_response_iss_parameter_supported: true,
    something_new: { a: 1 },
  };
  expect(await given(document)).toEqual({
    issuer: ISSUER,
    authorizationEndpoint: `${ISSUER}/authorize`,
    tokenEndpoint: `${ISSUER}/token`,
    jwksUri: `${ISSUER}/jwks`,
    revocationEndpoint: `${ISSUER}/revoke`,
    endSessionEndpoint: `${ISSUER}/logout`,
    idTokenSigningAlgValuesSupported: ["RS256", "ES256"],
    authorizationResponseIssParameterSupported: true,
  });
});

test("optional members may be missing or null", async () => {
  const bare = {
    issuer: ISSUER,
    authorizationEndpoint: `${ISSUER}/authorize`,
    tokenEndpoint: `${ISSUER}/token`,
    authorizationResponseIssParameterSupported: false,
  };
  expect(await given(DOCUMENT)).toEqual(bare);
  expect(
    await given({
      ...DOCUMENT,
      jwks_uri: null,
      revocation_endpoint: null,
      end_session_endpoint: null,
    }),
  ).toEqual(bare);
});

test.each([
  ["https://id.example.com", "https://id.example.com/.well-known/openid-configuration"],
  ["https://id.example.com/", "https://id.example.com/.well-known/openid-configuration"],
  [
    "https://id.example.com/realms/a",
    "https://id.example.com/realms/a/.well-known/openid-configuration",
  ],
  [
    "https://id.example.com/realms/a/",
    "https://id.example.com/realms/a/.well-known/openid-configuration",
  ],
])(
  "the metadata of %s is fetched from %s without cookies, redirects or the HTTP cache",
  async (issuer, url) => {
    const fetch = fakeFetch(() => json({ ...DOCUMENT, issuer }));
    expect((await run(fetch, issuer)).issuer).toBe(issuer);
    expect(fetch.sent).toHaveLength(1);
    expect(fetch.sent[0]).toMatchObject({
      url,
      init: { redirect: "error", credentials: "omit", cache: "no-cache" },
    });
  },
);

const INVALID = [
  "javascript:alert(document.domain)//",
  "JAVASCRIPT:alert(1)",
  "\tjavascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "http://id.example.com/x",
  "http://localhost.evil.example/x",
  "http://127.0.0.1.evil.example/x",
  "http://127.0.0.1@evil.example/x",
  "http://[::2]/x",
  "ftp://id.example.com/x",
  "/relative",
  "//id.example.com/x",
  "https://id.example.com/x#fragment",
  "",
  false,
  true,
  7,
  {},
  [],
];

test.each([
  ["jwks_uri", "jwksUri"],
  ["revocation_endpoint", "revocationEndpoint"],
  ["end_session_endpoint", "endSessionEndpoint"],
  ["userinfo_endpoint", "userinfoEndpoint"],
  ["device_authorization_endpoint", "deviceAuthorizationEndpoint"],
] as const)("C9: an invalid URL as %s is an error only where it is used", async (name, member) => {
  for (const url of INVALID) {
    const metadata = await given({ ...DOCUMENT, [name]: url });
    expect(metadata).toMatchObject({ tokenEndpoint: `${ISSUER}/token`, malformed: [member] });
    expect(metadata[member]).toBeUndefined();
    const use = () => optionalEndpoint(metadata, member);
    expect(use, JSON.stringify(url)).toThrow(`the ${name} in the metadata of ${ISSUER} is not an`);
    expect(use).toThrow(expect.objectContaining({ code: "discovery", retryable: false }));
    const other = `${ISSUER}/other`;
    expect(optionalEndpoint({ ...metadata, [member]: other }, member)).toBe(other);
  }
  expect(optionalEndpoint(await given(DOCUMENT), member)).toBeUndefined();
});

describe("refuses", () => {
  test.each([
    `${ISSUER}/`,
    `${ISSUER}/a`,
    "https://ID.example.com",
    "https://id.example.com:443",
    "http://id.example.com",
    "https://evil.example",
    undefined,
    [ISSUER],
  ])("a document of issuer %s", async (issuer) => {
    const error = await errorFrom(given({ ...DOCUMENT, issuer }));
    expect(error).toBeInstanceOf(DiscoveryError);
    expect(error.retryable).toBe(false);
  });

  test.each(["authorization_endpoint", "token_endpoint"])("an invalid URL as %s", async (name) => {
    for (const url of INVALID) {
      expect(
        await errorFrom(given({ ...DOCUMENT, [name]: url })),
        JSON.stringify(url),
      ).toBeInstanceOf(DiscoveryError);
    }
  });

  test.each(["authorization_endpoint", "token_endpoint"])("a document without %s", async (name) => {
    const error = await errorFrom(given({ ...DOCUMENT, [name]: undefined }));
    expect(error).toBeInstanceOf(DiscoveryError);
    expect(error.message).toContain(name);
  });

  test.each([
    ["HTML", "<!doctype html>"],
    ["nothing", ""],
    ["cut JSON", '{"issuer":"https://id.exa'],
    ["an array", "[]"],
    ["null", "null"],
  ])("%s", async (_, body) => {
    const error = await errorFrom(run(fakeFetch(() => new Response(body))));
    expect(error).toBeInstanceOf(DiscoveryError);
    expect(error.retryable).toBe(false);
  });

  test.each([
    [204, false],
    [400, false],
    [404, false],
    [429, true],
    [500, true],
    [503, true],
  ])("a %i, retryable: %s", async (status, retryable) => {
    const body = status === 204 ? null : JSON.stringify(DOCUMENT);
    const error = await errorFrom(run(fakeFetch(() => new Response(body, { status }))));
    expect(error).toMatchObject({ code: "discovery", status, retryable });
  });

  test.each([
    "javascript:alert(1)",
    "http://id.example.com",
    "id.example.com",
    "",
    "https://id.example.com?a=1",
    "https://id.example.com/#x",
  ])("the configured issuer %j before any request", async (issuer) => {
    const fetch = fakeFetch(() => json({ ...DOCUMENT, issuer }));
    expect(await errorFrom(run(fetch, issuer))).toBeInstanceOf(ConfigurationError);
    expect(fetch.sent).toHaveLength(0);
  });
});

test.each([
  "http://localhost:8080",
  "http://127.0.0.1:8080",
  "http://127.9.9.9",
  "http://[::1]:8080",
])("http is allowed for %s", async (origin) => {
  const document = {
    issuer: origin,
    authorization_endpoint: `${origin}/a`,
    token_endpoint: `${origin}/t`,
  };
  expect(await given(document, origin)).toMatchObject({ authorizationEndpoint: `${origin}/a` });
});

test("an endpoint keeps its query", async () => {
  const authorization_endpoint = `${ISSUER}/authorize?policy=b2c&x=%20`;
  expect((await given({ ...DOCUMENT, authorization_endpoint })).authorizationEndpoint).toBe(
    authorization_endpoint,
  );
});

test("a redirect is not followed", async () => {
  let reached = false;
  const other = await realServer((_, response) => {
    reached = true;
    response.end(JSON.stringify(DOCUMENT));
  });
  const url = await realServer((_, response) => response.writeHead(302, { Location: other }).end());
  expect(await errorFrom(run(realFetch, url))).toBeInstanceOf(NetworkError);
  expect(reached).toBe(false);
});

test("a network failure and a timeout are retryable", async () => {
  const down = await errorFrom(run(() => Promise.reject(new TypeError("Failed to fetch"))));
  expect(down).toMatchObject({ code: "network", retryable: true });
  const url = await realServer(() => {});
  expect(await errorFrom(run(realFetch, url, 50))).toMatchObject({
    code: "network",
    retryable: true,
  });
});
