import { Log } from "oidc-client-ts";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ServerMetadata } from "../../src/core/authorization-server.ts";
import { ConfigurationError, InvalidResponseError, StorageError } from "../../src/core/errors.ts";
import { AuthorizationError } from "../../src/core/protocol-errors.ts";
import {
  createAuthorizationUrl,
  readAuthorizationResponse,
  type AuthorizeOptions,
  type ScopedRequest,
} from "../../src/oidc/authorize/authorize.ts";
import { CLIENT, errorFrom, ISSUER, REDIRECT, shown, testClock, testRequests } from "./support.ts";

const METADATA: ServerMetadata = {
  issuer: ISSUER,
  authorizationEndpoint: `${ISSUER}/authorize`,
  tokenEndpoint: `${ISSUER}/token`,
};
const REQUEST: ScopedRequest = { redirectUri: REDIRECT, scope: ["openid", "profile"] };

let requests = testRequests();
let clock = testClock();
let options: AuthorizeOptions = { metadata: METADATA, clientId: CLIENT, requests, clock };

beforeEach(() => {
  requests = testRequests();
  clock = testClock();
  options = { metadata: METADATA, clientId: CLIENT, requests, clock };
  // oidc-client-ts must never use the network.
  vi.stubGlobal("fetch", () => expect.fail("the network was used"));
});
afterEach(() => vi.unstubAllGlobals());

async function begin(request: Partial<ScopedRequest> = {}, more: Partial<AuthorizeOptions> = {}) {
  const url = new URL(
    await createAuthorizationUrl({ ...REQUEST, ...request }, { ...options, ...more }),
  );
  return { url, query: url.searchParams, state: url.searchParams.get("state")! };
}
const respond = (parameters: Record<string, string>, redirect = REDIRECT) => {
  const url = new URL(redirect);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.append(name, value);
  return url.href;
};
const read = (url: string, more: Partial<AuthorizeOptions & { lifetimeMs: number }> = {}) =>
  readAuthorizationResponse(url, { ...options, ...more });

/** Expects a refusal of this parameter that keeps every pending request. */
async function refusedAndKept(
  url: string,
  parameter: string,
  more: Partial<AuthorizeOptions> = {},
) {
  const before = [...requests.rows];
  const error = await errorFrom(read(url, more));
  expect(error).toBeInstanceOf(InvalidResponseError);
  expect(error["parameter"]).toBe(parameter);
  expect(error.cause).toBeUndefined();
  expect([...requests.rows]).toEqual(before);
}

describe("an authorization request", () => {
  test("uses the code flow with PKCE S256, a nonce and a state of 256 bits", async () => {
    const { url, query, state } = await begin();
    expect(url.origin + url.pathname).toBe(`${ISSUER}/authorize`);
    expect(query.get("response_type")).toBe("code");
    expect(query.get("client_id")).toBe(CLIENT);
    expect(query.get("redirect_uri")).toBe(REDIRECT);
    expect(query.get("scope")).toBe("openid profile");
    expect(query.get("code_challenge_method")).toBe("S256");
    expect(query.get("nonce")).toMatch(/^[\w-]{43}$/);
    expect(state).toMatch(/^[\da-z]{1,7}\.[\w-]{43}$/);
    // No character of the state needs encoding.
    expect(url.search).toContain(`state=${state}`);
    const responded = await read(respond({ code: "c", state }));
    expect(responded.nonce).toBe(query.get("nonce"));
    expect(responded.codeVerifier).toMatch(/^[\w.~-]{43,128}$/);
    const hash = await crypto.subtle.digest(
      "SHA-256",
      new TextEncoder().encode(responded.codeVerifier),
    );
    expect(query.get("code_challenge")).toBe(Buffer.from(hash).toString("base64url"));
    expect(url.href).not.toContain(responded.codeVerifier);
  });

  test("has no parameter twice, and no optional parameter that was not given", async () => {
    const { query } = await begin();
    expect([...query.keys()].sort()).toEqual([
      "client_id",
      "code_challenge",
      "code_challenge_method",
      "nonce",
      "redirect_uri",
      "response_type",
      "scope",
      "state",
    ]);
  });

  test("shares no random value with the next request", async () => {
    const [one, two] = [await begin(), await begin()];
    for (const name of ["state", "nonce", "code_challenge"])
      expect(one.query.get(name)).not.toBe(two.query.get(name));
    expect(one.state.split(".")[1]).not.toBe(two.state.split(".")[1]);
  });

  test("carries every optional parameter, including max_age 0", async () => {
    const { query } = await begin({
      resource: "https://api.example.com",
      audience: "api",
      prompt: "login",
      loginHint: "a+b@example.com",
      maxAge: 0,
      acrValues: ["gold", "silver"],
      returnTo: "/orders?id=1",
    });
    expect(query.get("resource")).toBe("https://api.example.com");
    expect(query.get("audience")).toBe("api");
    expect(query.get("prompt")).toBe("login");
    expect(query.get("login_hint")).toBe("a+b@example.com");
    expect(query.get("max_age")).toBe("0");
    expect(query.get("acr_values")).toBe("gold silver");
    expect(query.has("returnTo")).toBe(false);
    expect(await read(respond({ code: "c", state: query.get("state")! }))).toMatchObject({
      code: "c",
      resource: "https://api.example.com",
      audience: "api",
      maxAge: 0,
      returnTo: "/orders?id=1",
      scope: ["openid", "profile"],
      issuer: ISSUER,
      clientId: CLIENT,
      redirectUri: REDIRECT,
    });
  });

  test("names every resource of the client and of the login once", async () => {
    const resources = ["https://api.example.com", "https://files.example.com"];
    const { query } = await begin({ resources, resource: "https://api.example.com" });
    expect(query.getAll("resource")).toEqual(resources);
    expect((await begin({ resources })).query.getAll("resource")).toEqual(resources);
    expect((await begin({})).query.has("resource")).toBe(false);
  });

  test("keeps the query of the authorization endpoint", async () => {
    const metadata = { ...METADATA, authorizationEndpoint: `${ISSUER}/authorize?p=b2c_1&x=a%20b` };
    const { query } = await begin({}, { metadata });
    expect(query.get("p")).toBe("b2c_1");
    expect(query.get("x")).toBe("a b");
    expect(query.get("client_id")).toBe(CLIENT);
  });

  test.each([
    "//evil.example",
    "/\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "https://evil.example/",
  ])("does not accept %s as returnTo", async (returnTo) => {
    const error = await errorFrom(begin({ returnTo }));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error["input"]).toBe("returnTo");
    expect(requests.rows.size).toBe(0);
  });

  test.each([
    "/callback",
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///index.html",
    "com.example.app:/cb#x",
    `${REDIRECT}#x`,
    `${REDIRECT}#`,
    "",
  ])("does not accept %j as redirect URI", async (redirectUri) => {
    expect(await errorFrom(begin({ redirectUri }))).toMatchObject({
      code: "configuration",
      input: "redirectUri",
    });
  });

  test.each([
    ["C4", "https://app.example.com"],
    ["C4", "HTTPS://App.Example.com:443/Callback"],
    ["C4", "com.example.app:/cb"],
    ["C4", "com.example.app:///cb"],
    ["C4", "Com.Example.App://cb"],
    ["C4", "capacitor://localhost"],
    ["C4", "https://abcdefgh.chromiumapp.org/"],
  ])("%s: sends the redirect URI exactly as given: %s", async (_, redirectUri) => {
    const { query, state } = await begin({ redirectUri });
    expect(query.get("redirect_uri")).toBe(redirectUri);
    const settled = await read(respond({ code: "c", state }, redirectUri));
    expect(settled.redirectUri).toBe(redirectUri);
  });

  test.each([
    ["/orders", true],
    ["capacitor://localhost/orders", true],
    ["capacitor://localhost/index.html", true],
    ["com.example.app:/orders", false],
    ["capacitor://evil/orders", false],
    ["https://app.example.com/", false],
    ["javascript://localhost/%0aalert(1)", false],
  ])("compares returnTo with the page, not with the redirect URI: %s: %s", async (returnTo, is) => {
    const pageUrl = () => "capacitor://localhost/index.html";
    const login = begin({ redirectUri: "com.example.app:/cb", returnTo }, { pageUrl });
    const result = await login.then(
      () => true,
      (error: unknown) => error,
    );
    if (is) expect(result).toBe(true);
    else expect(result).toMatchObject({ code: "configuration", input: "returnTo" });
  });

  test("accepts the URL of the page itself, also of a page without a host", async () => {
    const page = "file:///app/index.html";
    const request = { redirectUri: "com.example.app:/cb", returnTo: page };
    const { state } = await begin(request, { pageUrl: () => page });
    expect(state).toMatch(/\./);
  });

  test("rejects with the store's error when the request cannot be stored", async () => {
    const failed = new StorageError("full");
    const full = { ...requests, set: () => Promise.reject(failed) };
    await expect(begin({}, { requests: full })).rejects.toBe(failed);
  });

  test("rejects with a ConfigurationError when crypto.subtle is missing", async () => {
    vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });
    const error = await errorFrom(begin());
    expect(error.code).toBe("configuration");
    expect(error.cause).toBeUndefined();
  });
});

describe("the prompt of a login for another user", () => {
  const other = { prompt: "select_account", fallbackPrompt: "login" } as const;
  test.each([
    ["select_account when the metadata offers it", ["login", "select_account"], "select_account"],
    ["login when the metadata does not offer it", ["login", "consent"], "login"],
    ["login when the metadata has no list", undefined, "login"],
  ])("is %s", async (_, promptValuesSupported, prompt) => {
    const metadata = { ...METADATA, ...(promptValuesSupported && { promptValuesSupported }) };
    expect((await begin(other, { metadata })).query.get("prompt")).toBe(prompt);
  });

  test("is sent as it is when the app has asked for it", async () => {
    expect((await begin({ prompt: "select_account" })).query.get("prompt")).toBe("select_account");
  });
});

describe("C15: the ID token of the user whom a silent login expects", () => {
  test("is sent as id_token_hint", async () => {
    const { query } = await begin({ prompt: "none", idTokenHint: "a.b.c" });
    expect(query.get("id_token_hint")).toBe("a.b.c");
  });

  test("is not sent when it is too long for a URL, and never stored", async () => {
    const { query } = await begin({ prompt: "none", idTokenHint: "x".repeat(2_001) });
    expect(query.has("id_token_hint")).toBe(false);
    await begin({ prompt: "none", idTokenHint: "SECRET.id.token" });
    expect([...requests.rows.values()].join()).not.toContain("SECRET");
  });
});

describe("C13: a login that the server refuses because of the app", () => {
  test.each([
    ["invalid_scope", "the scope frob is unknown", /`scope`/],
    ["unauthorized_client", "no such grant", /`clientId`/],
    ["invalid_target", "unknown resource", /`resource`/],
    ["invalid_request", "prompt: unknown value", /`prompt`/],
    ["invalid_client", "client not found", /`clientId`/],
    ["redirect_uri_mismatch", "not registered", /`redirectUri`/],
    ["unsupported_response_type", "code is off", /code flow/],
    ["unmet_authentication_requirements", "no such acr", /`acrValues`/],
  ])("%s: the hint names the option, and the message has the server's words", async (...row) => {
    const [error, description, hint] = row;
    const { state } = await begin();
    const rejected = await errorFrom(
      read(respond({ error, error_description: description, state })),
    );
    expect(rejected["hint"]).toMatch(hint);
    expect(rejected["hint"]).not.toContain("login()");
    expect(rejected.message).toContain(`${error} (${description})`);
  });

  test.each(["access_denied", "login_required", "temporarily_unavailable"])(
    "%s is not the app's fault: the hint offers a new login",
    async (error) => {
      const { state } = await begin();
      const rejected = await errorFrom(read(respond({ error, state })));
      expect(rejected["hint"]).toContain("login()");
    },
  );

  test("a long description on many lines is one short line of the message", async () => {
    const { state } = await begin();
    const text = `first\nsecond ${"x".repeat(500)}`;
    const url = respond({ error: "invalid_scope", error_description: text, state });
    const rejected = await errorFrom(read(url));
    expect(rejected.message.split("\n")).toHaveLength(2);
    expect(rejected.message.split("\n")[0]!.length).toBeLessThan(300);
    expect(rejected["errorDescription"]).toBe(text);
  });
});

test.each([
  ["temporarily_unavailable", true],
  ["server_error", true],
  ["access_denied", false],
  ["invalid_scope", false],
  ["frobnicated", false],
])("C11: the authorization response %s is retryable: %s", async (error, retryable) => {
  const { state } = await begin();
  const rejected = await errorFrom(read(respond({ error, state })));
  expect(rejected).toMatchObject({ code: "authorization", error, retryable });
});

test.each([
  "https://app.example.com",
  "https://app.example.com?x=1",
  "https://app.example.com?x=a%20b&y",
  "HTTPS://App.Example.com:443",
  "http://localhost:5173",
  "https://app.example.com/a/../callback",
  "https://app.example.com/%7Euser",
])(
  "C4: the redirect URI %s is sent as written, and its response is accepted",
  async (redirectUri) => {
    const { query, state, url } = await begin({ redirectUri });
    expect(query.get("redirect_uri")).toBe(redirectUri);
    expect(url.search).toContain(`redirect_uri=${encodeURIComponent(redirectUri)}&`);
    // The code exchange sends the same text.
    const request = await read(respond({ code: "c", state }, redirectUri));
    expect(request.redirectUri).toBe(redirectUri);
  },
);

test("C4: no character of state and nonce needs encoding", async () => {
  for (let i = 0; i < 50; i++) {
    const { url, query, state } = await begin();
    expect(url.search).toContain(`state=${state}&nonce=${query.get("nonce")!}&`);
    expect(state).toMatch(/^[\w.-]+$/);
  }
});

describe("the sweep of stale requests", () => {
  test("deletes old and unreadable requests, keeps the pending one, and lists nothing but the request store", async () => {
    const { state } = await begin();
    requests.rows.set("old", JSON.stringify({ id: "old", created: 1 }));
    requests.rows.set("damaged", "{");
    await begin();
    await vi.waitFor(() => expect(requests.rows.has("old")).toBe(false));
    expect([...requests.rows.keys()]).toContain(state.split(".")[1]);
    expect(requests.rows.has("damaged")).toBe(false);
    expect(requests.rows.size).toBe(2);
  });

  test("leaves no unhandled rejection when it fails to delete", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    requests.rows.set("old", JSON.stringify({ id: "old", created: 1 }));
    await begin(
      {},
      { requests: { ...requests, remove: () => Promise.reject(new StorageError("no")) } },
    );
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe("an authorization response", () => {
  test("is accepted once: a second call finds no request", async () => {
    const { state } = await begin();
    const url = respond({ code: "c", state });
    expect((await read(url)).code).toBe("c");
    expect(requests.rows.size).toBe(0);
    await refusedAndKept(url, "state");
  });

  test("is accepted by one of eight concurrent calls", async () => {
    const { state } = await begin();
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => read(respond({ code: "c", state }))),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const result of results) {
      if (result.status === "rejected")
        expect(result.reason).toMatchObject({ code: "invalid_response", parameter: "state" });
    }
  });

  test("does not disturb another login at the same time", async () => {
    const [one, two] = [await begin({ returnTo: "/1" }), await begin({ returnTo: "/2" })];
    expect((await read(respond({ code: "b", state: two.state }))).returnTo).toBe("/2");
    expect((await read(respond({ code: "a", state: one.state }))).returnTo).toBe("/1");
  });

  test("may carry a code of any printable ASCII", async () => {
    const code = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("");
    const { state } = await begin();
    expect((await read(respond({ code, state }))).code).toBe(code);
  });

  test("may carry unknown parameters and the query of the redirect URI", async () => {
    const redirectUri = `${REDIRECT}?tenant=a&tag=1&tag=2`;
    const { state } = await begin({ redirectUri });
    const url = respond(
      { code: "c", state, session_state: "x", scope: "openid", foo: "bar" },
      redirectUri,
    );
    expect((await read(`${url}#_=_`)).code).toBe("c");
  });

  test.each(["state", "code", "iss", "error", "error_description", "error_uri"])(
    "is refused when it has %s twice",
    async (name) => {
      const { state } = await begin();
      const response = { state, code: "c", iss: ISSUER };
      const twice = name in response ? response[name as keyof typeof response] : "x";
      const url = new URL(respond(response));
      url.searchParams.append(name, twice);
      if (!(name in response)) url.searchParams.append(name, twice);
      await refusedAndKept(url.href, name);
    },
  );

  test.each(["access_token", "id_token"])(
    "is refused with %s in the query or in the fragment",
    async (name) => {
      const { state } = await begin();
      await refusedAndKept(respond({ code: "c", state, [name]: "x" }), name);
      await refusedAndKept(`${respond({ code: "c", state })}#${name}=x`, name);
    },
  );

  test("is refused when its parameters are in the fragment", async () => {
    const { state } = await begin();
    await refusedAndKept(`${REDIRECT}#code=c&state=${encodeURIComponent(state)}`, "state");
    await refusedAndKept(`${respond({ code: "c", state })}#error=access_denied`, "error");
    await refusedAndKept(`${respond({ state })}#code=c`, "code");
  });

  test("is refused without code and error, or with both", async () => {
    const { state } = await begin();
    await refusedAndKept(respond({ state }), "code");
    await refusedAndKept(respond({ state, code: "" }), "code");
    await refusedAndKept(respond({ state, response: "a.b.c" }), "code");
    await refusedAndKept(respond({ state, code: "c", error: "access_denied" }), "code");
  });

  test("is refused when it is no absolute URL", async () => {
    await refusedAndKept("", "url");
    await refusedAndKept("/callback?code=c", "url");
  });

  test("is refused when its state is missing, malformed, foreign or nearly right", async () => {
    const { state } = await begin();
    const [tag, id] = state.split(".") as [string, string];
    const other = id.startsWith("A") ? `B${id.slice(1)}` : `A${id.slice(1)}`;
    await refusedAndKept(respond({ code: "c" }), "state");
    for (const bad of [
      "",
      id,
      `${tag}.`,
      `${tag}..${id}`,
      `${tag}.${other}`,
      `${tag}.${id.slice(0, 42)}`,
      `${tag}.${id}A`,
      `${tag}.${id}.x`,
      `${tag}.${id}.${id}`,
      `${tag}.${"0".repeat(43)}`,
      `x${tag}.${id}`,
      `.${id}`,
      ` ${state}`,
      `${state}\n`,
      state.replace(".", "%2E"),
      `${tag}.../session/x.${id}`,
      `__proto__.${"A".repeat(43)}`,
    ]) {
      await refusedAndKept(respond({ code: "c", state: bad }), "state");
    }
    expect((await read(respond({ code: "c", state }))).code).toBe("c");
  });

  test.each(["%", "%E0%A4%A", "%zz", "a%3"])(
    "is refused when its state is the malformed percent sequence %s",
    async (raw) => {
      await begin();
      await refusedAndKept(`${REDIRECT}?code=c&state=${encodeURIComponent(raw)}`, "state");
      await refusedAndKept(`${REDIRECT}?code=c&state=${raw}`, "state");
    },
  );

  test("keeps the pending login when it is forged with another issuer's error", async () => {
    const { state } = await begin();
    await refusedAndKept(
      respond({ error: "access_denied", state: `${"0".repeat(32)};${"A".repeat(22)}` }),
      "state",
    );
    expect((await read(respond({ code: "c", state }))).code).toBe("c");
  });

  test("is refused after the lifetime of its request, and accepted before", async () => {
    const late = await begin();
    clock.add(600_001);
    await refusedAndKept(respond({ code: "c", state: late.state }), "state");
    const inTime = await begin();
    clock.add(600_000);
    expect((await read(respond({ code: "c", state: inTime.state }))).code).toBe("c");
    const short = await begin();
    clock.add(1_001);
    expect(
      await errorFrom(read(respond({ code: "c", state: short.state }), { lifetimeMs: 1_000 })),
    ).toMatchObject({ parameter: "state" });
  });

  test("is refused when its request is from the future, after the clock was set back", async () => {
    const { state } = await begin();
    clock.add(-600_001);
    await refusedAndKept(respond({ code: "c", state }), "state");
  });

  test("is refused when another issuer or client made the request", async () => {
    const { state } = await begin();
    const metadata = { ...METADATA, issuer: "https://other.example" };
    await refusedAndKept(respond({ code: "c", state }), "state", { metadata });
    await refusedAndKept(respond({ code: "c", state }), "state", { clientId: "other" });
    // Two clients may have the same tag.
    for (const [member, parameter] of [
      ["authority", "issuer"],
      ["client_id", "client_id"],
    ] as const) {
      const [id, row] = [...requests.rows][0]!;
      const foreign = { ...(JSON.parse(row) as object), [member]: "https://other.example" };
      requests.rows.set(id, JSON.stringify(foreign));
      await refusedAndKept(respond({ code: "c", state }), parameter);
      requests.rows.set(id, row);
    }
  });

  test("is refused at another redirect URI", async () => {
    const { state } = await begin();
    for (const redirect of [
      "https://app.example.com/callback/",
      "https://app.example.com/callback//",
      "https://app.example.com/Callback",
      "https://app.example.com/other",
      "https://app.example.com:8443/callback",
      "http://app.example.com/callback",
      "https://evil.example/callback",
    ]) {
      await refusedAndKept(respond({ code: "c", state }, redirect), "redirect_uri");
    }
  });

  test.each([
    "com.example.app:/other",
    "com.example.app://cb",
    "com.example.evil:/cb",
    "https://app.example.com/cb",
  ])("is refused at another place than the app's scheme: %s", async (redirect) => {
    const { state } = await begin({ redirectUri: "com.example.app:/cb" });
    await refusedAndKept(respond({ code: "c", state }, redirect), "redirect_uri");
  });

  test("arrives in each form that a system gives the app's scheme", async () => {
    for (const redirect of ["com.example.app:/cb", "com.example.app:///cb"]) {
      const { state } = await begin({ redirectUri: "com.example.app:/cb" });
      expect(await read(respond({ code: "c", state }, redirect))).toMatchObject({ code: "c" });
    }
  });

  test.each(["https://evil.example", `${ISSUER}/`, "", ISSUER.toUpperCase()])(
    "is refused with the iss %j of another issuer, and keeps the pending request",
    async (iss) => {
      const { state } = await begin();
      await refusedAndKept(respond({ code: "c", state, iss }), "iss");
      await refusedAndKept(respond({ error: "access_denied", state, iss }), "iss");
      expect((await read(respond({ code: "c", state, iss: ISSUER }))).code).toBe("c");
    },
  );

  test("is refused without the iss that the metadata promises", async () => {
    const metadata = { ...METADATA, authorizationResponseIssParameterSupported: true };
    const { state } = await begin({}, { metadata });
    await refusedAndKept(respond({ code: "c", state }), "iss", { metadata });
    expect((await read(respond({ code: "c", state, iss: ISSUER }), { metadata })).code).toBe("c");
  });

  test("removes the request when it is an error, and rejects with the server's error", async () => {
    const { state } = await begin();
    const url = respond({
      state,
      error: "login_required",
      error_description: "no session",
      error_uri: "https://id.example.com/e",
    });
    const error = await errorFrom(read(url));
    expect(error).toBeInstanceOf(AuthorizationError);
    expect(error).toMatchObject({
      error: "login_required",
      errorDescription: "no session",
      errorUri: "https://id.example.com/e",
    });
    expect(requests.rows.size).toBe(0);
    await refusedAndKept(url, "state");
  });

  test.each([
    ["cut JSON", () => "{"],
    ["null", () => "null"],
    ["a number", () => "7"],
    ["an array", () => "[]"],
    ["an empty object", () => "{}"],
    [
      "without our data",
      (row: Record<string, unknown>) => JSON.stringify({ ...row, data: undefined }),
    ],
    [
      "with data that is no object",
      (row: Record<string, unknown>) => JSON.stringify({ ...row, data: "x" }),
    ],
    ...(
      [
        ["of another request type", { request_type: "logout" }],
        ["without a verifier", { code_verifier: undefined }],
        ["without a nonce", { nonce: undefined }],
        ["without a redirect URI", { redirect_uri: 7 }],
        ["without scopes", { scope: null }],
        ["whose data has a wrong type", { data: { createdAt: 1, resources: [7] } }],
        ["without a time", { data: {} }],
      ] as const
    ).map(([name, change]): [string, (row: Record<string, unknown>) => string] => [
      name,
      (row) => JSON.stringify({ ...row, ...change }),
    ]),
  ])(
    "is refused when the stored request is damaged (%s), and keeps the record",
    async (_, damage) => {
      const { state } = await begin();
      const [id, row] = [...requests.rows][0]!;
      requests.rows.set(id, damage(JSON.parse(row) as Record<string, unknown>));
      await refusedAndKept(respond({ code: "c", state }), "state");
    },
  );

  test("rejects with the store's error when the store fails", async () => {
    const { state } = await begin();
    const failed = new StorageError("gone");
    const broken = { ...requests, get: () => Promise.reject(failed) };
    await expect(read(respond({ code: "c", state }), { requests: broken })).rejects.toBe(failed);
  });

  test("shows no code, state or verifier when it is refused", async () => {
    const { state } = await begin();
    const row = [...requests.rows.values()][0]!;
    const { code_verifier: codeVerifier, nonce } = JSON.parse(row) as Record<string, string>;
    const error = shown(
      await errorFrom(read(respond({ code: "SECRET-code", state, iss: "https://evil.example" }))),
    );
    for (const secret of ["SECRET-code", state, codeVerifier!, nonce!])
      expect(error).not.toContain(secret);
  });
});

test("the log of oidc-client-ts receives no secret when an app turns it on", async () => {
  const lines: unknown[] = [];
  const onMessage = (...args: unknown[]) => void lines.push(...args);
  Log.setLogger({ debug: onMessage, info: onMessage, warn: onMessage, error: onMessage });
  Log.setLevel(Log.DEBUG);
  const { state } = await begin();
  const stored = JSON.parse([...requests.rows.values()][0]!) as { code_verifier: string };
  await read(respond({ code: "SECRET-code", state }));
  await errorFrom(read(respond({ code: "SECRET-code", state })));
  Log.reset();
  const received = lines
    .map((line) => (line instanceof Error ? shown(line) : JSON.stringify(line)))
    .join("\n");
  for (const secret of ["SECRET-code", stored.code_verifier])
    expect(received).not.toContain(secret);
});
