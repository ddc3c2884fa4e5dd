import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from "jose";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { createClient } from "../../src/confidential.ts";
import { createLazyServer } from "../../src/compose/lazy-server.ts";
import { systemClock, systemRandom } from "../../src/browser/page/system-clock.ts";
import { DeviceCodeGrant } from "../../src/grants/device/device-code-grant.ts";
import { MemoryRequestStore } from "../../src/memory/memory-request-store.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import {
  fakeProvider,
  ManualClock,
  type FakeFault,
  type FakeProvider,
  type FakeProviderConfig,
  type FakeTokenResponse,
} from "../../src/testing.ts";
import { nodeBrowser } from "../support/node-browser.ts";
import { until } from "../support/until.ts";

const REDIRECT = "https://app.example.com/callback";
const BOB = { sub: "bob", name: "Bob", email: "bob@example.com", role: "admin" };

let provider: FakeProvider;
beforeEach(() => {
  provider = fakeProvider({ users: [{ sub: "ada", name: "Ada" }, BOB] });
});

/** One browser of an app that sends all its requests to `provider`. */
const browserOf = (provider: FakeProvider) =>
  nodeBrowser({
    issuer: provider.issuer,
    clientId: "web",
    redirectUri: REDIRECT,
    fetch: provider.fetch,
  });

/** Sends a form to an endpoint, and returns the status and the JSON of the response. */
async function post(path: string, form: Record<string, string>, given = provider) {
  const body = new URLSearchParams({ client_id: "web", ...form });
  const response = await given.fetch(given.issuer + path, { method: "POST", body });
  const text = await response.text();
  return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as Body };
}
type Body = Partial<FakeTokenResponse> & { error?: string; error_description?: string };

const refresh = (token: string | undefined, given = provider) =>
  post("/token", { grant_type: "refresh_token", refresh_token: token ?? "" }, given);

describe("the parts of Latchkey, with `fetch` of the provider", () => {
  test("log a user in, refresh and log out", async () => {
    const tab = browserOf(provider).tab();
    expect(await tab.login()).toMatchObject({ sub: "ada", name: "Ada" });
    const first = await tab.getToken();
    const second = await tab.getToken({ cache: "reload" });
    expect(second).not.toBe(first);
    expect([provider.userOf(first), provider.userOf(second)]).toEqual(["ada", "ada"]);
    expect(await tab.logout({ endSession: "none" })).toMatchObject({ server: "told" });
    expect(provider.userOf(second)).toBeUndefined();
    expect(provider.requests.map(({ endpoint, grantType }) => grantType ?? endpoint)).toEqual([
      "metadata",
      "authorization",
      "keys",
      "authorization_code",
      "refresh_token",
      "revocation",
    ]);
  });

  test("log the chosen user in, or the user of `loginHint`", async () => {
    provider.chooseUser("bob");
    const browser = browserOf(provider);
    const tab = browser.tab();
    expect(await tab.login()).toMatchObject({ sub: "bob", claims: { role: "admin" } });
    expect(await tab.login({ loginHint: "ada" })).toMatchObject({ sub: "ada" });
    expect(await tab.login()).toMatchObject({ sub: "ada" });
    expect(await tab.login({ prompt: "login" })).toMatchObject({ sub: "bob" });
  });

  test("keep the session while the network is cut and when a response is lost within the leeway", async () => {
    provider = fakeProvider({ reuseLeewayMs: 60_000 });
    const tab = browserOf(provider).tab();
    await tab.login();
    provider.failNext("token", { type: "lost_response" });
    const token = await tab.getToken({ cache: "reload" });
    expect(provider.userOf(token)).toBe("ada");
    const sent = provider.requests.filter(({ grantType }) => grantType === "refresh_token");
    expect(sent.length).toBe(2);
  });

  test("`prompt: none` without a session gets login_required, and a fault becomes the error", async () => {
    const tab = browserOf(provider).tab();
    await expect(tab.login({ prompt: "none" })).rejects.toMatchObject({ error: "login_required" });
    provider.failNext("authorization", { type: "oauth_error", error: "temporarily_unavailable" });
    await expect(tab.login()).rejects.toMatchObject({ error: "temporarily_unavailable" });
  });

  test("log a user in with the requested `acr`, or with the `acr` of the user", async () => {
    const acr = { essential: true, values: ["mfa", "hardware"] };
    const claims = JSON.stringify({ id_token: { acr } });
    const tab = browserOf(provider).tab();
    expect(await tab.login({ parameters: { claims } })).toMatchObject({ claims: { acr: "mfa" } });
    const preferred = await tab.login({ acrValues: ["hardware", "mfa"] });
    expect(preferred.claims["acr"]).toBe("hardware");
    expect((await tab.login()).claims).not.toHaveProperty("acr");
    provider = fakeProvider({ users: [{ sub: "ada", acr: "pwd" }] });
    const other = browserOf(provider).tab();
    expect(await other.login({ acrValues: ["mfa"] })).toMatchObject({ claims: { acr: "pwd" } });
    const refused = other.login({ parameters: { claims } });
    await expect(refused).rejects.toMatchObject({ code: "id_token", claim: "acr" });
  });

  test("log a user in when only the provider has a manual clock", async () => {
    provider = fakeProvider({ clock: new ManualClock() });
    expect(await browserOf(provider).tab().login()).toMatchObject({ sub: "ada" });
  });

  test("a client with a secret gets a token", async () => {
    provider = fakeProvider({ clients: [{ clientId: "job", clientSecret: "s:e cret" }] });
    const config = { issuer: provider.issuer, clientId: "job", fetch: provider.fetch };
    for (const method of ["client_secret_basic", "client_secret_post"] as const) {
      const client = createClient({
        ...config,
        authentication: { method, clientSecret: "s:e cret" },
        scope: ["reports"],
      });
      const { accessToken, scope } = await client.getTokenSet();
      expect([accessToken.split(".").length, scope]).toEqual([3, ["reports"]]);
    }
    const wrong = createClient({
      ...config,
      authentication: { method: "client_secret_basic", clientSecret: "SECRET" },
    });
    await expect(wrong.getToken()).rejects.toMatchObject({ error: "invalid_client", status: 401 });
  });
});

describe("keys and tokens", () => {
  test("ID tokens and access tokens are signed, also after a rotation of the keys", async () => {
    const before = await provider.issueTokens({ resources: ["https://api.example.com"] });
    provider.rotateKeys();
    const after = await provider.issueTokens();
    const response = await provider.fetch(`${provider.issuer}/jwks`);
    const jwks = (await response.json()) as JSONWebKeySet;
    expect(jwks.keys.map(({ kid, d }) => [kid, d])).toEqual([
      ["key-2", undefined],
      ["key-1", undefined],
    ]);
    const keys = createLocalJWKSet(jwks);
    const { payload } = await jwtVerify(before.access_token, keys, {
      issuer: provider.issuer,
      audience: "https://api.example.com",
      typ: "at+jwt",
    });
    expect(payload).toMatchObject({ sub: "ada", client_id: "web" });
    await jwtVerify(after.id_token!, keys, { issuer: provider.issuer, audience: "web" });
  });

  test("claims follow the scopes", async () => {
    const userinfo = async (scope: string[]) => {
      const { access_token: token } = await provider.issueTokens({ user: "bob", scope });
      const headers = { authorization: `Bearer ${token}` };
      return (await provider.fetch(`${provider.issuer}/userinfo`, { headers })).json();
    };
    expect(await userinfo(["openid"])).toEqual({ sub: "bob", role: "admin" });
    expect(await userinfo(["openid", "profile", "email"])).toEqual(BOB);
  });

  test("an access token expires by the provider's clock", async () => {
    const clock = new ManualClock();
    provider = fakeProvider({ clock, accessTokenLifetimeS: 60 });
    const { access_token: token } = await provider.issueTokens();
    clock.advance(59_999);
    expect(provider.userOf(token)).toBe("ada");
    clock.advance(1);
    expect(provider.userOf(token)).toBeUndefined();
  });
});

describe("refresh tokens", () => {
  test("rotate, and a second use ends all tokens of the login", async () => {
    const { refresh_token: first } = await provider.issueTokens();
    const second = await refresh(first);
    expect(second.body.refresh_token).not.toBe(first);
    expect(await refresh(first)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    expect(await refresh(second.body.refresh_token)).toMatchObject({ status: 400 });
    expect(provider.userOf(second.body.access_token!)).toBeUndefined();
  });

  test("work again within the leeway, and not after it", async () => {
    const clock = new ManualClock();
    const lenient = fakeProvider({ clock, reuseLeewayMs: 30_000 });
    const { refresh_token: first } = await lenient.issueTokens();
    await refresh(first, lenient);
    clock.advance(29_999);
    expect(await refresh(first, lenient)).toMatchObject({ status: 200 });
    clock.advance(1);
    expect(await refresh(first, lenient)).toMatchObject({ body: { error: "invalid_grant" } });
  });

  test.for<[string, object]>([
    ["scope", { scope: "openid profile" }],
    ["resources", { resources: "https://a.example" }],
    ["users", { users: "bob" }],
    ["user", { user: "eve" }],
  ])("are not issued for the bad option %s of issueTokens()", async ([input, options]) => {
    await expect(provider.issueTokens(options)).rejects.toMatchObject({
      code: "configuration",
      input,
    });
  });

  test("are issued only with the scope offline_access", async () => {
    expect(await provider.issueTokens({ scope: ["openid"] })).not.toHaveProperty("refresh_token");
  });

  test("end with endSessions(), and by a revocation", async () => {
    const [one, two] = [await provider.issueTokens(), await provider.issueTokens()];
    await post("/revoke", { token: one.refresh_token! });
    expect((await refresh(one.refresh_token)).status).toBe(400);
    provider.endSessions("ada");
    expect((await refresh(two.refresh_token)).status).toBe(400);
  });

  test("are not revoked by another client, and neither are access tokens", async () => {
    provider = fakeProvider({ clients: [{ clientId: "web" }, { clientId: "other" }] });
    const { refresh_token: token, access_token: access } = await provider.issueTokens();
    for (const foreign of [token!, access]) {
      const refused = await post("/revoke", { client_id: "other", token: foreign });
      expect(refused).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    }
    expect(provider.userOf(access)).toBe("ada");
    expect((await refresh(token)).status).toBe(200);
  });

  test("give narrower scopes, and no wider ones", async () => {
    const { refresh_token: token } = await provider.issueTokens();
    const grant = { grant_type: "refresh_token", refresh_token: token! };
    const wide = await post("/token", { ...grant, scope: "openid admin" });
    expect(wide.body.error).toBe("invalid_scope");
  });

  test("stay usable after a request that is refused for its scope or its client", async () => {
    provider = fakeProvider({ clients: [{ clientId: "web" }, { clientId: "other" }] });
    const { refresh_token: token } = await provider.issueTokens();
    const grant = { grant_type: "refresh_token", refresh_token: token! };
    const wide = await post("/token", { ...grant, scope: "admin" });
    expect(wide.body.error).toBe("invalid_scope");
    const other = await post("/token", { ...grant, client_id: "other" });
    expect(other.body.error).toBe("invalid_grant");
    expect((await refresh(token)).status).toBe(200);
  });

  test("that were used before are refused also after the wall clock was set back", async () => {
    const clock = new ManualClock();
    provider = fakeProvider({ clock });
    const { refresh_token: token } = await provider.issueTokens();
    await refresh(token);
    clock.setWall(clock.now() - 60_000);
    expect((await refresh(token)).status).toBe(400);
  });
});

describe("a device login", () => {
  async function begin() {
    const clock = { ...systemClock, sleep: () => systemClock.sleep(1) };
    const { server } = createLazyServer({
      issuer: provider.issuer,
      clientId: "web",
      requests: new MemoryRequestStore(),
      fetch: provider.fetch,
      clock,
    });
    const codes: string[] = [];
    const grant = new DeviceCodeGrant(server, {
      client: "web",
      locks: new MemoryTabLock(),
      random: systemRandom,
      requests: new MemoryRequestStore(),
      clock,
      prompt: { showCode: ({ userCode }) => void codes.push(userCode) },
    });
    const login = grant.requestToken({});
    login.catch(() => {});
    await until("a code is shown", () => codes.length > 0);
    return { login, code: codes[0]! };
  }

  test("ends with the tokens of the user who approves, also after slow_down", async () => {
    const { login, code } = await begin();
    provider.slowDownDevice(code);
    await until("two polls", () => provider.requests.filter((r) => r.grantType).length > 1);
    provider.approveDevice(code, "bob");
    expect(await login).toMatchObject({ user: { sub: "bob" } });
  });

  test("stays approved when the provider then asks for slower polls", async () => {
    const device = await provider.fetch(`${provider.issuer}/device_authorization`, {
      method: "POST",
      body: new URLSearchParams({ client_id: "web", scope: "openid" }),
    });
    const codes = (await device.json()) as { device_code: string; user_code: string };
    const poll = () =>
      post("/token", {
        grant_type: "urn:ietf:params:oauth:grant-type:device_code",
        device_code: codes.device_code,
      });
    provider.approveDevice(codes.user_code);
    provider.slowDownDevice(codes.user_code);
    expect((await poll()).body).toMatchObject({ error: "slow_down" });
    expect((await poll()).status).toBe(200);
  });

  test("fails when the user denies it, and on the page of the provider", async () => {
    const { login, code } = await begin();
    const page = `${provider.issuer}/device?user_code=${code}`;
    expect(await (await provider.fetch(page)).text()).toContain("Approve");
    await provider.fetch(`${page}&decision=deny`);
    await expect(login).rejects.toMatchObject({ code: "device_code" });
  });

  test("an unknown code is a ConfigurationError without the code, and a refusal on the page", async () => {
    const page = `${provider.issuer}/device?user_code=SECRET&decision=approve`;
    const response = await provider.fetch(page);
    expect([response.status, (await response.text()).includes("SECRET")]).toEqual([400, false]);
    expect(() => provider.approveDevice("SECRET")).toThrow(
      expect.objectContaining({
        input: "userCode",
        message: expect.not.stringContaining("SECRET"),
      }),
    );
  });
});

describe("the authorization endpoint", () => {
  const url = (changes: Record<string, string> = {}) =>
    `${provider.issuer}/authorize?${new URLSearchParams({
      client_id: "web",
      response_type: "code",
      redirect_uri: REDIRECT,
      scope: "openid",
      state: "s1",
      code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
      code_challenge_method: "S256",
      ...changes,
    })}`;
  const location = async (changes?: Record<string, string>) =>
    new URL((await provider.fetch(url(changes))).headers.get("location")!).searchParams;

  test("checks the code verifier (S256), and a second use of the code ends the tokens", async () => {
    const exchange = (code: string | null, verifier: string) =>
      post("/token", {
        grant_type: "authorization_code",
        code: code ?? "",
        redirect_uri: REDIRECT,
        code_verifier: verifier,
      });
    const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const response = await location();
    expect([response.get("state"), response.get("iss")]).toEqual(["s1", provider.issuer]);
    expect(await exchange(response.get("code"), "wrong")).toMatchObject({ status: 400 });
    const code = (await location()).get("code");
    const { body } = await exchange(code, verifier);
    expect(provider.userOf(body.access_token!)).toBe("ada");
    expect(await exchange(code, verifier)).toMatchObject({ body: { error: "invalid_grant" } });
    expect(provider.userOf(body.access_token!)).toBeUndefined();
  });

  test("a second use of a code while the first is in progress ends the tokens of the first", async () => {
    const code = (await location()).get("code") ?? "";
    const exchange = () =>
      post("/token", {
        grant_type: "authorization_code",
        code,
        redirect_uri: REDIRECT,
        code_verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
      });
    const [first, second] = await Promise.all([exchange(), exchange()]);
    expect([first.status, second.status]).toEqual([200, 400]);
    expect(provider.userOf(first.body.access_token!)).toBeUndefined();
  });

  test("an OAuth error of failNext() for an unknown client is a response without a redirect", async () => {
    provider.failNext("authorization", { type: "oauth_error", error: "server_error" });
    const response = await provider.fetch(url({ client_id: "unknown" }));
    expect([response.status, response.headers.get("location")]).toEqual([401, null]);
  });

  test.for([
    [{ code_challenge: "" }, "invalid_request"],
    [{ code_challenge_method: "plain" }, "invalid_request"],
    [{ response_type: "token" }, "invalid_request"],
    [{ response_mode: "fragment" }, "invalid_request"],
  ] as const)("refuses %o with a redirect", async ([changes, error]) => {
    expect((await location(changes)).get("error")).toBe(error);
  });

  test("redirects to no URL that is not registered", async () => {
    provider = fakeProvider({ clients: [{ clientId: "web", redirectUris: [REDIRECT] }] });
    const response = await provider.fetch(url({ redirect_uri: "https://evil.example/" }));
    expect([response.status, response.headers.get("location")]).toEqual([400, null]);
    expect(await response.text()).toContain(REDIRECT);
    expect((await provider.fetch(url({ client_id: "other" }))).status).toBe(401);
  });

  test("asks again when the last login is older than max_age", async () => {
    const clock = new ManualClock();
    provider = fakeProvider({ clock });
    await location();
    clock.advance(61_000);
    const silent = { prompt: "none", max_age: "60" };
    expect((await location(silent)).get("error")).toBe("login_required");
    expect((await location({ ...silent, max_age: "61" })).has("code")).toBe(true);
  });

  test("max_age=0 asks for a login within the second of the last login, too", async () => {
    provider = fakeProvider({ clock: new ManualClock(), login: "page" });
    expect((await location({ fake_user: "ada" })).has("code")).toBe(true);
    const page = await provider.fetch(url({ max_age: "0" }));
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("Log in")]);
    const silent = await location({ max_age: "0", prompt: "none" });
    expect(silent.get("error")).toBe("login_required");
    expect((await location({ max_age: "" })).has("code")).toBe(true);
  });

  test("`prompt: none` for an `id_token_hint` of another user is login_required", async () => {
    const { id_token: ofAda } = await provider.issueTokens();
    const { id_token: ofBob } = await provider.issueTokens({ user: "bob" });
    await location();
    const silent = { prompt: "none" };
    const other = await location({ ...silent, id_token_hint: ofBob! });
    expect(other.get("error")).toBe("login_required");
    expect((await location({ ...silent, id_token_hint: ofAda! })).has("code")).toBe(true);
  });

  test("an unknown login hint logs no other user in", async () => {
    for (const more of [{}, { prompt: "login" }]) {
      const response = await location({ login_hint: "eve@example.com", ...more });
      expect(response.get("error")).toBe("login_required");
      expect(response.get("error_description")).toContain("ada, bob");
    }
    expect((await location({ prompt: "none" })).get("error")).toBe("login_required");
  });

  test("shows a page on demand, on which the user chooses or cancels", async () => {
    provider = fakeProvider({ login: "page", users: [{ sub: "ada", name: "A & <b>" }, BOB] });
    const page = await (await provider.fetch(url())).text();
    expect(page).toContain("A &#38; &#60;b&#62;");
    const links = [...page.matchAll(/href="([^"]+)"/g)].map(([, href]) =>
      href!.replaceAll("&#38;", "&"),
    );
    expect(links).toHaveLength(3);
    const follow = async (href: string) =>
      new URL(
        (await provider.fetch(`${provider.issuer}/authorize${href}`)).headers.get("location")!,
      ).searchParams;
    expect((await follow(links[2]!)).get("error")).toBe("access_denied");
    expect((await follow(links[1]!)).has("code")).toBe(true);
    // The user is logged in at the provider now.
    expect((await location()).has("code")).toBe(true);
    await provider.fetch(`${provider.issuer}/logout`);
    expect(await (await provider.fetch(url())).text()).toContain("Log in");
  });
});

test("end_session redirects to a registered URL only", async () => {
  const known = "https://app.example.com/bye";
  provider = fakeProvider({ clients: [{ clientId: "web", postLogoutRedirectUris: [known] }] });
  const end = async (target: string) => {
    const query = new URLSearchParams({ post_logout_redirect_uri: target, state: "s" });
    return (await provider.fetch(`${provider.issuer}/logout?${query}`)).headers.get("location");
  };
  expect(await end(known)).toBe(`${known}?state=s`);
  expect(await end("https://evil.example/")).toBeNull();
});

test("end_session without a client_id uses the client of the id_token_hint", async () => {
  provider = fakeProvider({
    clients: ["one", "two"].map((clientId) => ({
      clientId,
      postLogoutRedirectUris: [`https://${clientId}.example.com/`],
    })),
  });
  const { id_token: hint } = await provider.issueTokens({ clientId: "two" });
  const query = new URLSearchParams({
    id_token_hint: hint!,
    post_logout_redirect_uri: "https://two.example.com/",
  });
  expect((await provider.fetch(`${provider.issuer}/logout?${query}`)).status).toBe(302);
  query.set("post_logout_redirect_uri", "https://one.example.com/");
  expect((await provider.fetch(`${provider.issuer}/logout?${query}`)).status).toBe(400);
});

test("a user is found by `sub` before other users are found by email", async () => {
  provider = fakeProvider({
    users: [{ sub: "1", email: "bob@example.com" }, { sub: "bob@example.com" }],
  });
  const { access_token: token } = await provider.issueTokens({ user: "bob@example.com" });
  expect(provider.userOf(token)).toBe("bob@example.com");
});

describe("faults", () => {
  test.for<[FakeFault, unknown]>([
    [{ type: "oauth_error", error: "invalid_grant", errorDescription: "no" }, [400, "no"]],
    [{ type: "status", status: 503, retryAfterS: 7 }, [503, "7"]],
  ])("%o", async ([fault, expected]) => {
    provider.failNext("token", fault);
    const { refresh_token: token } = await provider.issueTokens();
    const body = new URLSearchParams({
      client_id: "web",
      grant_type: "refresh_token",
      refresh_token: token!,
    });
    const response = await provider.fetch(`${provider.issuer}/token`, { method: "POST", body });
    const text = await response.text();
    const detail = text ? (JSON.parse(text) as Body).error_description : undefined;
    expect([response.status, detail ?? response.headers.get("retry-after")]).toEqual(expected);
    // The fault concerned one request, which was not processed.
    expect((await refresh(token)).status).toBe(200);
  });

  test("a response that is no JSON was processed: the refresh token is used up", async () => {
    const { refresh_token: token } = await provider.issueTokens();
    provider.failNext("token", { type: "invalid_json" });
    await expect(refresh(token)).rejects.toThrow(SyntaxError);
    expect((await refresh(token)).status).toBe(400);
  });

  test("a lost response was processed, and a network error was not", async () => {
    const { refresh_token: token } = await provider.issueTokens();
    provider.failNext("token", { type: "network_error" });
    await expect(refresh(token)).rejects.toThrow(TypeError);
    provider.failNext("token", { type: "lost_response" });
    await expect(refresh(token)).rejects.toThrow(TypeError);
    expect((await refresh(token)).status).toBe(400);
  });

  test("invalid JSON, and a cut network", async () => {
    provider.failNext("metadata", { type: "invalid_json" });
    const metadata = `${provider.issuer}/.well-known/openid-configuration`;
    await expect((await provider.fetch(metadata)).json()).rejects.toThrow(SyntaxError);
    provider.cutNetwork();
    await expect(provider.fetch(metadata)).rejects.toThrow(TypeError);
    expect((await provider.handle(new Request(metadata))).type).toBe("error");
    const preflight = provider.fetch(`${provider.issuer}/token`, { method: "OPTIONS" });
    await expect(preflight).rejects.toThrow("Failed to fetch");
    await expect(provider.fetch(`${provider.issuer}/other`)).rejects.toThrow("Failed to fetch");
    provider.restoreNetwork();
    provider.failNext("keys", { type: "network_error" });
    await expect(provider.fetch(`${provider.issuer}/jwks`)).rejects.toThrow(TypeError);
    // `requests` has no request that did not reach the provider.
    expect(provider.requests.map(({ endpoint }) => endpoint)).toEqual(["metadata"]);
    expect((await provider.fetch(metadata)).status).toBe(200);
  });

  test("latency and a delayed response follow the clock, and an abort ends the wait", async () => {
    const clock = new ManualClock();
    provider = fakeProvider({ clock, latencyMs: 100 });
    provider.failNext("metadata", { type: "delay", ms: 400 });
    const metadata = `${provider.issuer}/.well-known/openid-configuration`;
    let isDone = false;
    const response = provider.fetch(metadata).then(() => (isDone = true));
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(499);
    await new Promise((resolve) => setImmediate(resolve));
    expect(isDone).toBe(false);
    clock.advance(1);
    await response;
    const controller = new AbortController();
    const aborted = provider.fetch(metadata, { signal: controller.signal });
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ name: "AbortError" });
    provider.setLatency(0);
    expect((await provider.fetch(metadata)).status).toBe(200);
    await expect(provider.fetch(metadata, { signal: AbortSignal.abort() })).rejects.toThrow();
  });

  test("a parameter that occurs twice is refused, but not the parameter `resource`", async () => {
    const { refresh_token: token } = await provider.issueTokens();
    const send = async (form: string[][]) =>
      provider.fetch(`${provider.issuer}/token`, {
        method: "POST",
        body: new URLSearchParams([
          ["client_id", "web"],
          ["grant_type", "refresh_token"],
          ["refresh_token", token!],
          ...form,
        ]),
      });
    expect((await send([["refresh_token", "x"]])).status).toBe(400);
    const apis = ["https://a.example", "https://b.example"].map((api) => ["resource", api]);
    expect((await send(apis)).status).toBe(200);
  });

  test("after an abort, the platform's clock leaves no timer that keeps the process alive", async () => {
    provider = fakeProvider({ latencyMs: 60_000 });
    const set = vi.spyOn(globalThis, "setTimeout");
    const clear = vi.spyOn(globalThis, "clearTimeout");
    try {
      const controller = new AbortController();
      const sent = provider.fetch(`${provider.issuer}/jwks`, { signal: controller.signal });
      await vi.waitUntil(() => set.mock.calls.some(([, ms]) => ms === 60_000));
      const timer = set.mock.results[set.mock.calls.findIndex(([, ms]) => ms === 60_000)]!;
      controller.abort();
      await expect(sent).rejects.toMatchObject({ name: "AbortError" });
      expect(clear).toHaveBeenCalledWith(timer.value);
    } finally {
      set.mockRestore();
      clear.mockRestore();
    }
  });

  test("an abort ends the wait also by the platform's clock", async () => {
    provider = fakeProvider({ latencyMs: 60_000 });
    const controller = new AbortController();
    const response = provider.fetch(`${provider.issuer}/jwks`, { signal: controller.signal });
    controller.abort();
    await expect(response).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("what the provider does not know", () => {
  test("an unknown path and an unknown grant get a response that lists the known ones", async () => {
    const response = await provider.fetch(`${provider.issuer}/introspect/SECRET?code=SECRET`);
    const text = await response.text();
    expect(response.status).toBe(404);
    expect(text).toContain("POST /token");
    expect(text).not.toContain("SECRET");
    const { body } = await post("/token", { grant_type: "password", password: "SECRET" });
    expect(body).toMatchObject({ error: "unsupported_grant_type" });
    expect(body.error_description).toContain("refresh_token");
    const headers = { authorization: "Basic %SECRET%" };
    const malformed = await provider.fetch(`${provider.issuer}/token`, { method: "POST", headers });
    expect(malformed.status).toBe(401);
    const other = await post("/token", { grant_type: "refresh_token", client_id: "SECRET" });
    expect(other).toMatchObject({ status: 401, body: { error: "invalid_client" } });
    expect(JSON.stringify([body, other])).not.toContain("SECRET");
  });

  test("a wrong method gets a 405 with the methods of the endpoint", async () => {
    const token = await provider.fetch(`${provider.issuer}/token`);
    expect([token.status, token.headers.get("allow")]).toEqual([405, "POST"]);
    const keys = await provider.fetch(`${provider.issuer}/jwks`, { method: "HEAD" });
    expect([keys.status, keys.headers.get("allow")]).toEqual([405, "GET"]);
  });

  test("a request whose body was read is a ConfigurationError", async () => {
    const request = new Request(`${provider.issuer}/token`, { method: "POST", body: "x=SECRET" });
    await request.text();
    await expect(provider.handle(request)).rejects.toMatchObject({ input: "request" });
  });

  test.for(["https://ID.example.com", "https://id.example.com:443", "https://id.example.com/a/"])(
    "the issuer %s, which the platform may write differently, has its endpoints",
    async (issuer) => {
      provider = fakeProvider({ issuer });
      const path = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
      const response = await provider.fetch(path);
      expect(await response.json()).toMatchObject({ issuer });
    },
  );

  test("a request to another origin is a ConfigurationError", async () => {
    await expect(provider.fetch("https://api.example.com/?t=SECRET")).rejects.toMatchObject({
      input: "url",
      message: expect.not.stringContaining("SECRET"),
    });
  });

  test.for<[string, (given: FakeProvider) => unknown, string]>([
    ["user", (given) => given.chooseUser("eve"), "user"],
    ["user of a session", (given) => given.endSessions("eve"), "user"],
    [
      "endpoint",
      (given) => given.failNext("introspection" as never, { type: "delay", ms: 1 }),
      "endpoint",
    ],
    ["fault", (given) => given.failNext("token", { type: "explode" } as never), "fault"],
    ["status", (given) => given.failNext("token", { type: "status", status: 7 }), "status"],
    ["error", (given) => given.failNext("token", { type: "oauth_error", error: "" }), "error"],
    ...[99, 204, 400.5].map((status): [string, (given: FakeProvider) => unknown, string] => [
      `status ${status} of an OAuth error`,
      (given) => given.failNext("token", { type: "oauth_error", error: "e", status }),
      "status",
    ]),
    [
      "time of Retry-After",
      (given) => given.failNext("token", { type: "status", status: 503, retryAfterS: -1 }),
      "retryAfterS",
    ],
    [
      "member of a fault",
      (given) => given.failNext("token", { type: "status", status: 503, retryAfter: 1 } as never),
      "retryAfter",
    ],
    ["delay", (given) => given.failNext("token", { type: "delay" } as never), "ms"],
    ["latency", (given) => given.setLatency(-1), "ms"],
    ["client", (given) => given.clientId("other"), "clientId"],
  ])("an unknown %s is a ConfigurationError", ([, call, input]) => {
    expect(() => call(provider)).toThrow(expect.objectContaining({ code: "configuration", input }));
  });

  test.for<[string, unknown]>([
    ["isser", { isser: "https://id.example.com" }],
    ["issuer", { issuer: "http://id.example.com" }],
    ["clients", { clients: [{ client_id: "web", clientSecret: "SECRET" }] }],
    ["issuer", { issuer: "https://id:SECRET@id.example.com" }],
    ["clients", { clients: [{ clientId: "web", clientSecret: 5 }] }],
    ["clients", { clients: [{ clientId: "web", redirectUris: ["/callback"] }] }],
    ["clients", { clients: [{ clientId: "SECRET" }, { clientId: "SECRET" }] }],
    ["clients", { clients: [{ clientId: "" }] }],
    ["redirectUri", { clients: [{ clientId: "web", redirectUri: "https://app.example.com/" }] }],
    ["clock", { clock: {} }],
    ["users", { users: ["ada", "ada"] }],
    ["users", { users: [] }],
    ["user", { users: [{ name: "Ada" }] }],
    ["login", { login: "auto" }],
    ["accessTokenLifetimeS", { accessTokenLifetimeS: "60" }],
    ["latencyMs", { latencyMs: -1 }],
  ])("the bad option %s is a ConfigurationError", ([input, config]) => {
    expect(() => fakeProvider(config as FakeProviderConfig)).toThrow(
      expect.objectContaining({ input, message: expect.not.stringContaining("SECRET") }),
    );
  });
});
