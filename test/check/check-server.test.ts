import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkServer, type Report } from "../../src/check/check-server.ts";
import { printReport } from "../../src/check/print-report.ts";
import {
  redirectTo,
  startHostileProvider,
  type Behaviour,
  type HostileProvider,
} from "../support/hostile-provider.ts";

/** `latchkey check` at a provider that is set up correctly, but for one thing. */

const CLIENT = { clientId: "web", redirectUri: "https://app.example.com/" };
const OTHER_ORIGIN = { "Access-Control-Allow-Origin": "https://other.example.com" };

let provider: HostileProvider;
beforeEach(async () => {
  provider = await startHostileProvider();
  // As a server without a user does.
  provider.behaviours.set("/authorize", ({ query }) =>
    query.get("redirect_uri") === CLIENT.redirectUri && query.get("client_id") === CLIENT.clientId
      ? answer(query, query.get("prompt") === "none" ? "login_required" : undefined)
      : { status: 400, body: "<h1>Unknown client</h1>" },
  );
});
afterEach(() => provider.close());

const answer = (query: URLSearchParams, error?: string) =>
  error ? redirectTo(query, { error, state: query.get("state")! }) : { body: "<h1>Log in</h1>" };

const refuseWith =
  (error: string): Behaviour =>
  ({ query }) =>
    redirectTo(query, { error, state: query.get("state")!, error_description: "no such thing" });

const withheld: Behaviour = (_, good) => ({
  ...good,
  headers: { ...good.headers, ...OTHER_ORIGIN },
});

const metadata = (change: Record<string, unknown>) => () => {
  provider.metadata = (document) => ({ ...document, ...change });
};

const check = (more: object = {}): Promise<Report> =>
  checkServer({ issuer: provider.issuer, ...CLIENT, ...more });
const changes = ({ findings }: Report) => findings.filter(({ mark }) => mark === "change");

test("a server that is set up correctly: nothing must change", async () => {
  const report = await check();
  expect(changes(report)).toEqual([]);
  expect(report.config).toEqual({ issuer: provider.issuer, ...CLIENT });
  const text = printReport(report);
  expect(text).toContain("✓ login");
  expect(text).toContain("Latchkey works with this server.");
  expect(text).toContain(`  issuer: "${provider.issuer}",\n  clientId: "web",`);
});

const MISCONFIGURATIONS: readonly [name: string, topic: string, change: RegExp, set: () => void][] =
  [
    [
      "the metadata names another issuer",
      "issuer",
      /Use issuer: "https:\/\/id\.example\.com"/,
      metadata({ issuer: "https://id.example.com" }),
    ],
    ["the metadata has no issuer", "issuer", /publish its issuer/, metadata({ issuer: undefined })],
    [
      "the token endpoint is http, behind a proxy",
      "endpoints",
      /tell the server its public URL/,
      metadata({ token_endpoint: "http://id.example.com/token" }),
    ],
    [
      "PKCE is plain only",
      "PKCE",
      /must support S256/,
      metadata({ code_challenge_methods_supported: ["plain"] }),
    ],
    [
      "the authorization code flow is off",
      "grants",
      /authorization_code/,
      metadata({ grant_types_supported: ["client_credentials"] }),
    ],
    [
      "ID tokens are signed with a secret",
      "ID tokens",
      /RS256 or ES256/,
      metadata({ id_token_signing_alg_values_supported: ["HS256"] }),
    ],
    [
      "no key fits the algorithm",
      "keys",
      /key for the algorithm/,
      metadata({ id_token_signing_alg_values_supported: ["RS256"] }),
    ],
    [
      "the keys are not there",
      "keys",
      /publish its keys there/,
      () => provider.behaviours.set("/jwks", () => ({ status: 404 })),
    ],
    [
      "the clock is ten minutes fast",
      "clock",
      /5 minutes/,
      () =>
        provider.behaviours.set("/.well-known/openid-configuration", (_, good) => ({
          ...good,
          headers: { Date: new Date(Date.now() + 600_000).toUTCString() },
        })),
    ],
    [
      "no CORS at the metadata",
      "CORS: metadata",
      /Allow the origin https:\/\/app\.example\.com/,
      () => provider.behaviours.set("/.well-known/openid-configuration", withheld),
    ],
    [
      "no CORS at the token endpoint",
      "CORS: token endpoint",
      /Allow the origin/,
      () => provider.behaviours.set("/token", withheld),
    ],
    [
      "the preflight of userinfo allows no Authorization header",
      "CORS: userinfo",
      /Names that the ID token lacks/,
      () => {
        provider.preflight = {
          status: 204,
          headers: { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*" },
        };
      },
    ],
    [
      "the token endpoint redirects",
      "CORS: token endpoint",
      /no redirects/,
      () =>
        provider.behaviours.set("/token", () => ({
          status: 307,
          headers: { Location: "https://id.example.com/token" },
        })),
    ],
    [
      "the token endpoint hangs",
      "CORS: token endpoint",
      /must answer there/,
      () => provider.behaviours.set("/token", () => "hang"),
    ],
    [
      "the client needs a secret",
      "token endpoint",
      /public client: PKCE, and no secret/,
      () =>
        provider.behaviours.set("/token", () => ({
          status: 401,
          body: { error: "invalid_client" },
        })),
    ],
    [
      "the server refuses offline_access",
      "scopes",
      /set scope: \["openid","profile","email"\]/,
      () =>
        provider.behaviours.set("/authorize", (request, good) =>
          request.query.get("scope")!.includes("offline_access")
            ? refuseWith("invalid_scope")(request, good)
            : answer(request.query, "login_required"),
        ),
    ],
    [
      "the client may not use the flow",
      "login",
      /Allow the authorization code flow/,
      () => provider.behaviours.set("/authorize", refuseWith("unauthorized_client")),
    ],
    [
      "the response lacks the iss that the metadata promises",
      "responses",
      /send its issuer/,
      metadata({ authorization_response_iss_parameter_supported: true }),
    ],
  ];

describe("one thing is wrong", () => {
  test.for(MISCONFIGURATIONS)("%s", async ([, topic, change, set]) => {
    set();
    const found = changes(await check());
    expect(found.map(({ topic }) => topic)).toContain(topic);
    expect(found.find((finding) => finding.topic === topic)!.change).toMatch(change);
    expect(found.length).toBeLessThanOrEqual(2);
  });

  test("the redirect URI is not registered: the server's words are shown", async () => {
    const [found, ...more] = changes(await check({ redirectUri: "https://app.example.com/cb" }));
    expect(more).toEqual([]);
    expect(found).toMatchObject({ topic: "login", seen: 'refused: status 400, "Unknown client"' });
    expect(found!.change).toContain("https://app.example.com/cb, letter by letter");
  });
});

test("the scopes that the server accepts are in the lines for createAuth()", async () => {
  provider.behaviours.set("/authorize", (request, good) =>
    request.query.get("scope") === "openid"
      ? answer(request.query, "login_required")
      : refuseWith("invalid_scope")(request, good),
  );
  const report = await check();
  expect(report.config).toMatchObject({ scope: ["openid"] });
  expect(printReport(report)).toContain('  scope: ["openid"],');
});

test("without a client, what depends on the client is not called wrong", async () => {
  provider.behaviours.set("/token", withheld);
  const report = await checkServer({ issuer: provider.issuer });
  expect(changes(report)).toEqual([]);
  expect(printReport(report)).toContain("Pass --client-id and --redirect-uri to find out.");
});

test("the server gets no secret, no cookie and no valid token, and starts no device login", async () => {
  await check();
  for (const { what, body } of provider.requests) {
    if (what === "POST /device") expect(body.get("client_id")).toBeNull();
    expect([...body.keys()]).not.toContain("client_secret");
  }
  expect(provider.refreshTokens.size).toBe(0);
});
