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

/** Sets up one fault. `hint` is the advice for it. */
interface Misconfiguration {
  readonly name: string;
  readonly topic: string;
  readonly hint: RegExp;
  readonly set: () => void;
}

const respond = (path: string, behaviour: Behaviour) => () => {
  provider.behaviours.set(path, behaviour);
};
const METADATA = "/.well-known/openid-configuration";

const MISCONFIGURATIONS: readonly Misconfiguration[] = [
  {
    name: "the metadata names a URL at which it cannot be read",
    topic: "issuer",
    hint: /Tell the server its public URL/,
    set: metadata({ issuer: "http://localhost:1/id" }),
  },
  {
    name: "the metadata is a template",
    topic: "issuer",
    hint: /id of your tenant/,
    set: metadata({ issuer: "https://id.example.com/{tenantid}/v2.0" }),
  },
  {
    name: "the metadata has no issuer",
    topic: "issuer",
    hint: /publish its issuer/,
    set: metadata({ issuer: undefined }),
  },
  {
    name: "the revocation endpoint is http, behind a proxy",
    topic: "endpoints",
    hint: /tell the server its public URL/,
    set: metadata({ revocation_endpoint: "http://id.example.com/revoke" }),
  },
  {
    name: "PKCE is plain only",
    topic: "PKCE",
    hint: /must support S256/,
    set: metadata({ code_challenge_methods_supported: ["plain"] }),
  },
  {
    name: "the authorization code flow is off",
    topic: "grants",
    hint: /authorization_code/,
    set: metadata({ grant_types_supported: ["client_credentials"] }),
  },
  {
    name: "ID tokens are signed with a secret",
    topic: "ID tokens",
    hint: /RS256 or ES256/,
    set: metadata({ id_token_signing_alg_values_supported: ["HS256"] }),
  },
  {
    name: "no key fits the algorithm",
    topic: "keys",
    hint: /key for the algorithm/,
    set: metadata({ id_token_signing_alg_values_supported: ["RS256"] }),
  },
  {
    name: "the key set holds no key",
    topic: "keys",
    hint: /key for the algorithm/,
    set: respond("/jwks", () => ({ body: { keys: [null, { kty: "toString" }] } })),
  },
  {
    name: "the keys are not where the metadata says",
    topic: "keys",
    hint: /at its jwks_uri/,
    set: respond("/jwks", () => ({ status: 404 })),
  },
  {
    name: "the clock is ten minutes fast",
    topic: "clock",
    hint: /more than 5 minutes/,
    set: respond(METADATA, (_, good) => ({
      ...good,
      headers: { Date: new Date(Date.now() + 600_000).toUTCString() },
    })),
  },
  {
    name: "no CORS at the metadata",
    topic: "CORS: metadata",
    hint: /Allow the origin https:\/\/app\.example\.com/,
    set: respond(METADATA, withheld),
  },
  {
    name: "no CORS at the token endpoint",
    topic: "CORS: token endpoint",
    hint: /Allow the origin/,
    set: respond("/token", withheld),
  },
  {
    name: "the preflight of userinfo allows no Authorization header",
    topic: "CORS: userinfo",
    hint: /names that the ID token lacks/,
    set: () => {
      provider.preflight = {
        status: 204,
        headers: { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "dpop" },
      };
    },
  },
  {
    name: "the token endpoint redirects",
    topic: "token endpoint",
    hint: /no redirects/,
    set: respond("/token", () => ({
      status: 307,
      headers: { Location: "https://id.example.com/token" },
    })),
  },
  {
    name: "the token endpoint is not there",
    topic: "token endpoint",
    hint: /is the token endpoint/,
    set: respond("/token", () => ({ status: 404 })),
  },
  {
    name: "the token endpoint hangs",
    topic: "token endpoint",
    hint: /can reach this URL/,
    set: respond("/token", () => "hang"),
  },
  {
    name: "the client needs a secret",
    topic: "token endpoint",
    hint: /public client \(PKCE, no secret\)/,
    set: respond("/token", () => ({ status: 401, body: { error: "invalid_client" } })),
  },
  {
    name: "the client may not use the grant",
    topic: "token endpoint",
    hint: /Allow the authorization code grant for web/,
    set: respond("/token", () => ({ status: 400, body: { error: "unauthorized_client" } })),
  },
  {
    name: "the server refuses offline_access",
    topic: "scopes",
    hint: /set scope: \["openid","profile","email"\]/,
    set: respond("/authorize", (request, good) =>
      request.query.get("scope")!.includes("offline_access")
        ? refuseWith("invalid_scope")(request, good)
        : answer(request.query, "login_required"),
    ),
  },
  {
    name: "the client may not use the flow",
    topic: "login",
    hint: /Allow the authorization code flow/,
    set: respond("/authorize", refuseWith("unauthorized_client")),
  },
  {
    name: "the authorization endpoint is down",
    topic: "login",
    hint: /Try again later/,
    set: respond("/authorize", () => ({ status: 503 })),
  },
  {
    name: "the response lacks the iss that the metadata promises",
    topic: "responses",
    hint: /Make the server send iss/,
    set: metadata({ authorization_response_iss_parameter_supported: true }),
  },
];

/** Faults of the check itself: what looks wrong and is right. */
const RIGHT: readonly (readonly [name: string, set: () => void])[] = [
  [
    "the revocation endpoint refuses public clients",
    respond("/revoke", () => ({ status: 401, body: { error: "invalid_client" } })),
  ],
  [
    "the preflight of userinfo allows Authorization by * only",
    () => {
      const any = { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*" };
      provider.preflight = { status: 204, headers: any };
    },
  ],
  ["scopes_supported lists openid only", metadata({ scopes_supported: ["openid"] })],
  [
    "a cache has kept the metadata for an hour",
    respond(METADATA, (_, good) => ({
      ...good,
      headers: { Date: new Date(Date.now() - 3_600_000).toUTCString(), Age: "3600" },
    })),
  ],
];

describe("one thing is wrong", () => {
  test.for(MISCONFIGURATIONS)("$name", async ({ topic, hint, set }) => {
    set();
    const found = changes(await check());
    expect(found.map(({ topic }) => topic)).toEqual([topic]);
    expect(found[0]!.change).toMatch(hint);
  });

  test.for(RIGHT)("%s: nothing must change", async ([, set]) => {
    set();
    const report = await check();
    expect(changes(report)).toEqual([]);
    expect(report.config).not.toHaveProperty("scope");
  });

  test("the issuer lacks a slash: the right one is proven, and used in the configuration", async () => {
    const issuer = `${provider.issuer}/`;
    metadata({ issuer })();
    const report = await check();
    expect(changes(report).map(({ change }) => change)).toEqual([
      `Use issuer: "${issuer}", exactly as written.`,
    ]);
    expect(report.config).toMatchObject({ issuer });
  });

  test("the redirect URI is not registered: the server's words are shown", async () => {
    const [found, ...more] = changes(await check({ redirectUri: "https://app.example.com/cb" }));
    expect(more).toEqual([]);
    expect(found).toMatchObject({ topic: "login", seen: 'refused: status 400, "Unknown client"' });
    expect(found!.change).toContain("https://app.example.com/cb is not registered exactly as");
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

test("without a client, a missing CORS header is a note", async () => {
  provider.behaviours.set("/token", withheld);
  const report = await checkServer({ issuer: provider.issuer });
  expect(changes(report)).toEqual([]);
  expect(printReport(report)).toContain("No problem found. The login was not tried");
});

test.for([
  ["accepts every default scope", ""],
  ["refuses offline_access", "offline_access"],
])("a server that %s and fails at prompt=none only lacks silent logins", async ([, unknown]) => {
  provider.behaviours.set("/authorize", (request, good) => {
    const { query } = request;
    if (unknown && query.get("scope")!.includes(unknown))
      return refuseWith("invalid_scope")(request, good);
    if (query.get("prompt") === "none") return { status: 500 };
    const isRight =
      query.get("client_id") === "web" && query.get("redirect_uri") === CLIENT.redirectUri;
    return isRight ? answer(query) : { status: 400 };
  });
  const report = await check();
  expect(changes(report).map(({ topic }) => topic)).toEqual(unknown ? ["scopes"] : []);
  expect(printReport(report)).toMatch(/✓ login[^]*· silent sign-on\s+prompt=none: status 500/);
});

test("a server that refuses other origins with 403 lacks only CORS", async () => {
  for (const path of [METADATA, "/jwks", "/userinfo", "/revoke"])
    provider.behaviours.set(path, ({ origin }, good) =>
      origin === "" ? good : { status: 403, body: "Invalid CORS request", headers: OTHER_ORIGIN },
    );
  const report = await check();
  expect(changes(report).map(({ topic }) => topic)).toEqual([
    "CORS: metadata",
    "CORS: keys",
    "CORS: userinfo",
  ]);
});

test("a login page at the same origin as the app is not taken for a response", async () => {
  provider.behaviours.set("/authorize", () => ({
    status: 302,
    headers: { Location: `${CLIENT.redirectUri}accounts/login/?next=/authorize` },
  }));
  const { findings } = await check();
  expect(findings.find(({ topic }) => topic === "login")).toMatchObject({
    mark: "note",
    seen: expect.stringContaining("before it checks the client"),
  });
});

test("the check sends no secret and starts no device login", async () => {
  await check();
  expect(provider.count("POST /token")).toBe(1);
  expect(provider.count("POST /device")).toBe(0);
  for (const { body } of provider.requests) expect([...body.keys()]).not.toContain("client_secret");
});

test.for(["the issuer", "the URL of the document"])(
  "metadata at the location of OAuth is found by %s",
  async (given) => {
    const body = await (await fetch(provider.issuer + METADATA)).json();
    provider.behaviours.set(METADATA, () => ({ status: 404 }));
    const place = "/.well-known/oauth-authorization-server";
    provider.behaviours.set(place, () => ({ body }));
    const issuer = given === "the issuer" ? provider.issuer : provider.issuer + place;
    const report = await checkServer({ issuer, ...CLIENT });
    expect(report.issuer).toBe(provider.issuer);
    expect(changes(report)).toEqual([]);
  },
);

describe("a native app", () => {
  const REDIRECT = "com.example.app:/cb";
  const topicOf = ({ findings }: Report, topic: string) =>
    findings.find((finding) => finding.topic === topic);
  const accept = (redirectUri: string) => {
    provider.behaviours.set("/authorize", ({ query }) =>
      query.get("redirect_uri") === redirectUri
        ? answer(query, "login_required")
        : { status: 400, body: "<h1>Unknown client</h1>" },
    );
  };

  test.each([REDIRECT, "com.example.app:///cb", "https://abcdefgh.chromiumapp.org/"])(
    "receives the response at %s, and is told to give a userAgent",
    async (redirectUri) => {
      accept(redirectUri);
      const report = await check({ redirectUri });
      expect(changes(report)).toEqual([]);
      expect(topicOf(report, "login")).toMatchObject({ mark: "ok" });
      expect(topicOf(report, "redirect URI")?.change).toContain("userAgent");
      expect(topicOf(report, "silent sign-on")).toMatchObject({ mark: "note" });
      expect(report.config).toMatchObject({ redirectUri });
      const sent = provider.requests.filter(({ what }) => what === "GET /authorize");
      expect(sent.map(({ query }) => query.get("redirect_uri"))).toContain(redirectUri);
    },
  );

  test("checks CORS for the origin of its pages when the origin is known", async () => {
    accept(REDIRECT);
    provider.behaviours.set("/token", withheld);
    const unknown = await check({ redirectUri: REDIRECT });
    expect(topicOf(unknown, "CORS: token endpoint")).toMatchObject({ mark: "note" });
    expect(topicOf(unknown, "CORS: token endpoint")?.change).toContain("--origin");
    const known = await check({ redirectUri: REDIRECT, origin: "capacitor://localhost/" });
    expect(topicOf(known, "CORS: token endpoint")).toMatchObject({
      mark: "change",
      change: "Allow the origin capacitor://localhost at the server.",
    });
  });

  test.for([
    ["https://app.example.com/start?x=1", "https://app.example.com"],
    ["HTTPS://App.Example.com:443/", "https://app.example.com"],
    ["capacitor://localhost/index.html", "capacitor://localhost"],
  ] as const)("--origin %s is the origin %s", async ([origin, sent]) => {
    accept(REDIRECT);
    provider.behaviours.set("/token", withheld);
    const report = await check({ redirectUri: REDIRECT, origin });
    expect(topicOf(report, "CORS: token endpoint")?.change).toContain(
      `Allow the origin ${sent} at`,
    );
  });

  test.each(["app.example.com", "localhost:5173", "/app", "https://ada:pw@app.example.com", ""])(
    "%j is not an origin",
    async (origin) => {
      await expect(check({ redirectUri: REDIRECT, origin })).rejects.toThrow(
        "Pass the scheme and the host of the app's pages",
      );
      expect(provider.requests).toEqual([]);
    },
  );

  test("the printed createAuth() has a userAgent, and that of a page has none", async () => {
    accept(REDIRECT);
    expect(printReport(await check({ redirectUri: REDIRECT }))).toContain("\n  userAgent, //");
    expect(printReport(await check())).not.toContain("userAgent,");
  });

  test("a login page proves nothing if the server shows it for a wrong redirect URI, too", async () => {
    provider.behaviours.set("/authorize", () => ({ body: "<h1>Log in</h1>" }));
    const report = await check({ redirectUri: REDIRECT });
    expect(topicOf(report, "login")).toMatchObject({ mark: "note" });
    const sent = provider.requests.map(({ query }) => query.get("redirect_uri"));
    expect(sent).toContain("com.example.app:/latchkey-check");
  });

  test.each([
    "javascript:alert(1)",
    "file:///index.html",
    "com.example.app:/cb#x",
    "/cb",
    "https:app",
    "localhost:5173/cb",
    "app.example.com/cb",
  ])("%s is not a redirect URI", async (redirectUri) => {
    await expect(check({ redirectUri })).rejects.toThrow(
      "is not an absolute URL of a page or an app",
    );
  });
});
