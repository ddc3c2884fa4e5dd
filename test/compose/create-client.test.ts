import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from "vitest";
import { startProvider, type RunningProvider } from "../../demo/server/provider.ts";
import {
  createClient,
  PasswordGrant,
  type CreateClientConfig,
  type Credentials,
} from "../../src/confidential.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { MemoryTokenStorage } from "../../src/index.ts";
import { errorFrom, shown } from "../oidc/support.ts";

const API = "https://api.example.com";
/** Contains the characters that form encoding changes. */
const SECRET = "s3cret: +/%&= with 32 characters or more";
const key = generateKeyPair("ES256", { extractable: true });
let provider: RunningProvider;

beforeAll(async () => {
  const registration = {
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: [],
    id_token_signed_response_alg: "ES256" as const,
    client_secret: SECRET,
  };
  const publicKey = await exportJWK((await key).publicKey);
  provider = await startProvider({
    port: 0,
    origins: [API],
    accessTokenTtlSeconds: 600,
    clients: [
      { ...registration, client_id: "basic", token_endpoint_auth_method: "client_secret_basic" },
      { ...registration, client_id: "post", token_endpoint_auth_method: "client_secret_post" },
      {
        ...registration,
        client_id: "jwt",
        token_endpoint_auth_method: "private_key_jwt",
        token_endpoint_auth_signing_alg: "ES256",
        jwks: { keys: [{ ...publicKey, kid: "k1", alg: "ES256", use: "sig" }] },
      },
    ],
  });
});
afterAll(() => provider.close());
beforeEach(() => {
  provider.tokenRequests.reset();
  provider.setAccessTokenTtl(600);
});

function basic(changes: Partial<CreateClientConfig> = {}) {
  return createClient({
    issuer: provider.issuer,
    clientId: "basic",
    authentication: { method: "client_secret_basic", clientSecret: SECRET },
    ...changes,
  });
}

/** Returns the provider's record of an access token. */
const tokenAtProvider = (token: string) => provider.provider.ClientCredentials.find(token);

describe("with the real provider", () => {
  test("a thousand calls at once make one token request", async () => {
    const { getToken } = basic();
    const tokens = await Promise.all(Array.from({ length: 1_000 }, () => getToken()));
    expect(new Set(tokens).size).toBe(1);
    expect(provider.tokenRequests.log).toEqual([
      expect.objectContaining({ grantType: "client_credentials", status: 200 }),
    ]);
    expect(await tokenAtProvider(tokens[0]!)).toMatchObject({ clientId: "basic" });
    await getToken();
    expect(provider.tokenRequests.count).toBe(1);
  });

  test("a thousand calls of ten clients that share storage and locks make one token request", async () => {
    const shared = { storage: new MemoryTokenStorage(), locks: new MemoryTabLock() };
    const clients = Array.from({ length: 10 }, () => basic(shared));
    const tokens = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => clients[i % 10]!.getToken()),
    );
    expect(new Set(tokens).size).toBe(1);
    expect(provider.tokenRequests.count).toBe(1);
  });

  test("a thousand calls while the server is down send one request, and the next call sends another", async () => {
    provider.tokenRequests.respondNext(503);
    const { getToken } = basic();
    const calls = await Promise.allSettled(Array.from({ length: 1_000 }, () => getToken()));
    expect(new Set(calls.map(({ status }) => status))).toEqual(new Set(["rejected"]));
    expect(provider.tokenRequests.count).toBe(1);
    expect(await getToken()).toEqual(expect.any(String));
  });

  test("authenticates with the secret in the body, or with a key", async () => {
    const storage = new MemoryTokenStorage();
    const post = basic({
      storage,
      clientId: "post",
      authentication: { method: "client_secret_post", clientSecret: SECRET },
    });
    expect(await tokenAtProvider(await post.getToken())).toMatchObject({ clientId: "post" });
    const { privateKey } = await key;
    const jwt = basic({
      storage,
      clientId: "jwt",
      authentication: {
        method: "private_key_jwt",
        key: privateKey,
        keyId: "k1",
        algorithm: "ES256",
      },
    });
    expect(await tokenAtProvider(await jwt.getToken())).toMatchObject({ clientId: "jwt" });
    expect(await jwt.forceRefresh()).toEqual(expect.any(String));
  });

  test("requests one token for each resource", async () => {
    const { getToken } = basic({ scope: ["api:read"], resource: `${API}/a` });
    const [a, b, again] = [
      await getToken(),
      await getToken({ resource: `${API}/b` }),
      await getToken(),
    ];
    expect(again).toBe(a);
    expect(await tokenAtProvider(a)).toMatchObject({ aud: `${API}/a`, scope: "api:read" });
    expect(await tokenAtProvider(b)).toMatchObject({ aud: `${API}/b` });
    expect(provider.tokenRequests.count).toBe(2);
  });

  test("requests a new token before the old one expires, and swallows a temporary failure", async () => {
    provider.setAccessTokenTtl(3);
    const { getToken } = basic();
    const first = await getToken();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 2_500 });
    onTestFinished(() => void vi.useRealTimers());
    provider.tokenRequests.respondNext(500, { body: "<h1>Oops</h1>" });
    expect(await getToken()).toBe(first);
    expect(await getToken()).not.toBe(first);
    expect(provider.tokenRequests.count).toBe(3);
  });

  test("a wrong secret is refused, and no error shows it", async () => {
    const wrong = "wr0ng-secret-7f3a";
    const { getToken } = basic({
      authentication: { method: "client_secret_basic", clientSecret: wrong },
    });
    const error = await errorFrom(getToken());
    expect(error).toMatchObject({ code: "request_token", error: "invalid_client" });
    expect(shown(error)).not.toContain(wrong);
    expect(shown(error)).not.toContain(btoa(`basic:${wrong}`));
  });

  test("client.fetch sends the token, replaces it after a 401, and sends it to no other URL", async () => {
    const seen: (string | undefined)[] = [];
    const api = createServer((request, response) => {
      const token = request.headers.authorization?.replace("Bearer ", "");
      seen.push(token);
      const known = token === undefined ? Promise.resolve(undefined) : tokenAtProvider(token);
      void known.then((found) => response.writeHead(found ? 200 : 401).end());
    });
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      api.closeAllConnections();
      api.close();
    });
    const { port } = api.address() as AddressInfo;
    const client = basic({ allow: [`http://127.0.0.1:${port}/v1`], exclude: ["/v1/public"] });
    expect((await client.fetch(`http://127.0.0.1:${port}/v1/me`)).status).toBe(200);
    provider.endAccessTokens();
    const first = await client.getToken();
    await (await tokenAtProvider(first))?.destroy();
    expect((await client.fetch(`http://127.0.0.1:${port}/v1/me`)).status).toBe(200);
    expect(await client.getToken()).not.toBe(first);
    const before = seen.length;
    expect((await client.fetch(`http://127.0.0.1:${port}/v1/public`)).status).toBe(401);
    expect((await client.fetch(`http://localhost:${port}/v1/me`)).status).toBe(401);
    expect(seen.slice(before)).toEqual([undefined, undefined]);
    await expect(basic().fetch(API)).rejects.toMatchObject({
      code: "configuration",
      input: "allow",
    });
  });
});

describe("a password grant, as at mediahaven", () => {
  const PASSWORD = "hunter2-7f3a";

  /** The server accepts passwords at one URL and refresh tokens at another. */
  function setUp(refresh: () => Response) {
    const sent: { url: string; body: Record<string, string> }[] = [];
    const credentials = vi.fn<() => Promise<Credentials>>(async () => ({
      username: "ada",
      password: PASSWORD,
    }));
    const storage = new MemoryTokenStorage();
    const client = createClient({
      issuer: "https://mh.example.com",
      clientId: "parts",
      authentication: { method: "client_secret_post", clientSecret: SECRET },
      endpoints: {
        authorizationEndpoint: "https://mh.example.com/auth/login",
        tokenEndpoint: "https://mh.example.com/auth/oauth2/token",
      },
      storage,
      service: "ada",
      allow: ["https://mh.example.com"],
      grant: (server) =>
        new PasswordGrant(server, {
          credentials,
          tokenEndpoint: "https://mh.example.com/auth/ropc.php",
        }),
      fetch: async (url, { body }) => {
        const form = Object.fromEntries(new URLSearchParams(body as string));
        sent.push({ url, body: form });
        if (form["grant_type"] === "refresh_token") return refresh();
        if (form["password"] !== PASSWORD) {
          const error_description = `${form["password"]} is not the password of ada`;
          return Response.json({ error: "invalid_grant", error_description }, { status: 400 });
        }
        return Response.json({
          access_token: "at1",
          token_type: "Bearer",
          expires_in: 60,
          refresh_token: "rt1",
        });
      },
    });
    return { sent, credentials, storage, ...client };
  }
  const renewed = () =>
    Response.json({ access_token: "at2", token_type: "Bearer", refresh_token: "rt2" });

  test("with prompt none before the first login there is NoTokenError, and nothing is sent", async () => {
    const { sent, credentials, fetch, getToken } = setUp(renewed);
    await expect(getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
    await expect(fetch("https://mh.example.com/me")).rejects.toMatchObject({ code: "no_token" });
    expect(credentials).not.toHaveBeenCalled();
    expect(sent).toEqual([]);
  });

  test("the password is sent to its own URL once, and is stored nowhere", async () => {
    const { sent, credentials, storage, getToken, forceRefresh } = setUp(renewed);
    const dump = vi.spyOn(storage, "set");
    expect(await Promise.all([getToken(), getToken()])).toEqual(["at1", "at1"]);
    expect(await getToken({ prompt: "none" })).toBe("at1");
    expect(await forceRefresh({ prompt: "none" })).toBe("at2");
    expect(credentials).toHaveBeenCalledTimes(1);
    expect(sent.map(({ url, body }) => [url, body["grant_type"], body["refresh_token"]])).toEqual([
      ["https://mh.example.com/auth/ropc.php", "password", undefined],
      ["https://mh.example.com/auth/oauth2/token", "refresh_token", "rt1"],
    ]);
    expect(JSON.stringify(dump.mock.calls)).not.toContain(PASSWORD);
    await forceRefresh({ prompt: "none" });
    expect(sent.at(-1)!.body["refresh_token"]).toBe("rt2");
  });

  test("a wrong password leads to a RequestTokenError without the password, and the next call may succeed", async () => {
    const { credentials, getToken } = setUp(renewed);
    credentials.mockResolvedValueOnce({ username: "ada", password: "wr0ng-7f3a" });
    const error = await errorFrom(getToken());
    expect(error).toMatchObject({ code: "request_token", error: "invalid_grant", status: 400 });
    expect(shown(error)).not.toContain("wr0ng-7f3a");
    expect(await getToken()).toBe("at1");
  });

  test("an invalid refresh token leads to a RefreshTokenError, and the next call asks for the password", async () => {
    const { getToken, forceRefresh } = setUp(() =>
      Response.json({ error: "invalid_grant" }, { status: 400 }),
    );
    await getToken();
    await expect(forceRefresh({ prompt: "none" })).rejects.toMatchObject({
      code: "refresh_token",
      reason: "session_ended",
    });
    await expect(getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
    expect(await getToken()).toBe("at1");
  });

  /** Calls the API when the access token has expired. Returns the client, and the tokens that the API got. */
  async function expired(refresh: () => Response) {
    const client = setUp(refresh);
    await client.getToken();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
    onTestFinished(() => void vi.useRealTimers());
    const api: (string | null)[] = [];
    vi.stubGlobal("fetch", async ({ headers }: Request) => {
      api.push(headers.get("authorization"));
      return new Response("ok");
    });
    onTestFinished(() => void vi.unstubAllGlobals());
    return { ...client, api, call: () => client.fetch("https://mh.example.com/me") };
  }

  test("fetch() refreshes an expired token once, and the API gets the new one only", async () => {
    const { sent, credentials, api, call } = await expired(renewed);
    expect((await call()).status).toBe(200);
    expect((await call()).status).toBe(200);
    expect(api).toEqual(["Bearer at2", "Bearer at2"]);
    expect(sent.map(({ body }) => body["grant_type"])).toEqual(["password", "refresh_token"]);
    expect(credentials).toHaveBeenCalledTimes(1);
  });

  test("fetch() with an expired token and an invalid refresh token is a RefreshTokenError, and calls no API", async () => {
    const { credentials, api, call } = await expired(() =>
      Response.json({ error: "invalid_grant" }, { status: 400 }),
    );
    await expect(call()).rejects.toMatchObject({ code: "refresh_token", reason: "session_ended" });
    expect(api).toEqual([]);
    expect(credentials).toHaveBeenCalledTimes(1);
  });

  test("fetch() with an expired token and without a network is a NetworkError, and the next call succeeds", async () => {
    const responses = [() => Promise.reject(new TypeError("Failed to fetch")) as never, renewed];
    const { api, call } = await expired(() => responses.shift()!());
    await expect(call()).rejects.toMatchObject({ code: "network", retryable: true });
    expect(api).toEqual([]);
    expect((await call()).status).toBe(200);
    expect(api).toEqual(["Bearer at2"]);
  });

  test("an invalid refresh token is sent once, also when the user closes the dialog", async () => {
    const { sent, credentials, getToken, forceRefresh } = setUp(() =>
      Response.json({ error: "invalid_grant" }, { status: 400 }),
    );
    await getToken();
    credentials.mockRejectedValue(new Error("closed"));
    for (let i = 0; i < 3; i++) await expect(forceRefresh()).rejects.toThrow("closed");
    expect(sent.filter(({ body }) => body["refresh_token"])).toHaveLength(1);
    expect(credentials).toHaveBeenCalledTimes(4);
  });

  test('a user who is typing does not delay a call with prompt "none"', async () => {
    const { credentials, getToken, fetch } = setUp(renewed);
    let type: (credentials: Credentials) => void;
    credentials.mockImplementation(() => new Promise((resolve) => (type = resolve)));
    const token = getToken();
    await vi.waitFor(() => expect(credentials).toHaveBeenCalled());
    await expect(fetch("https://mh.example.com/me")).rejects.toMatchObject({ code: "no_token" });
    type!({ username: "ada", password: PASSWORD });
    expect(await token).toBe("at1");
    expect(await getToken({ prompt: "none" })).toBe("at1");
  });

  test.for([
    () => new Response("<h1>Oops</h1>", { status: 500 }),
    () => new Response("", { status: 400 }),
    () => new Response("slow down", { status: 429, headers: { "Retry-After": "5" } }),
    () => Response.json({ error: "invalid_client" }, { status: 401 }),
    () => new Response('{"access_token":', { status: 200 }),
    () => Response.error(),
  ])("any other failure of a refresh keeps the tokens: %s", async (refresh) => {
    const responses = [refresh];
    const { credentials, sent, getToken, forceRefresh } = setUp(() =>
      (responses.pop() ?? renewed)(),
    );
    await getToken();
    const error = await errorFrom(forceRefresh());
    expect(["request_token", "network"]).toContain(error.code);
    expect(shown(error)).not.toContain("rt1");
    expect(await getToken()).toBe("at1");
    expect(await forceRefresh()).toBe("at2");
    expect(credentials).toHaveBeenCalledTimes(1);
    expect(sent.at(-1)!.body["refresh_token"]).toBe("rt1");
  });
});

describe("clients that share a storage", () => {
  function setUp() {
    const storage = new MemoryTokenStorage();
    const sent: Record<string, string>[] = [];
    const client = (changes: Partial<CreateClientConfig>) =>
      basic({
        issuer: "https://id.example.com",
        endpoints: { tokenEndpoint: "https://id.example.com/token" },
        storage,
        fetch: async (_, { body }) => {
          sent.push(Object.fromEntries(new URLSearchParams(body as string)));
          const access_token = `at${sent.length}`;
          const refresh_token = `rt${sent.length}`;
          return Response.json({ access_token, refresh_token, token_type: "Bearer", scope: "a" });
        },
        ...changes,
      });
    const user = (username: string, changes: Partial<CreateClientConfig> = {}) =>
      client({
        service: username,
        grant: (server) =>
          new PasswordGrant(server, { credentials: async () => ({ username, password: "p" }) }),
        ...changes,
      });
    return { sent, client, user };
  }

  test.for([
    [{ resource: `${API}/a` }, { resource: `${API}/b` }],
    [{ audience: "a" }, { audience: "b" }],
    [{ scope: ["a"] }, { scope: ["b"] }],
    [{ keyPrefix: "a" }, { keyPrefix: "b" }],
    [{ service: "a" }, { service: "b" }],
    [{ service: "a" }, {}],
    [{ clientId: "a" }, { clientId: "b" }],
    [{ issuer: "https://a.example.com" }, { issuer: "https://b.example.com" }],
  ])("%o and %o have separate tokens", async ([one, other]) => {
    const { client } = setUp();
    expect(await client(one!).getToken()).toBe("at1");
    expect(await client(other!).getToken()).toBe("at2");
    expect(await client(one!).getToken()).toBe("at1");
  });

  test("a call with the target that another client is configured for shares its token", async () => {
    const { client } = setUp();
    await client({ resource: `${API}/a` }).getToken();
    expect(await client({}).getToken({ resource: `${API}/a` })).toBe("at1");
    await client({ resource: `${API}/a` }).invalidateToken({ refreshToken: "forget" });
    expect(await client({}).getToken({ resource: `${API}/a` })).toBe("at2");
    expect(await client({ resource: `${API}/a` }).forceRefresh()).toBe("at3");
    expect(await client({}).getToken({ resource: `${API}/a` })).toBe("at3");
  });

  test("have separate tokens for separate users", async () => {
    const { sent, user } = setUp();
    expect(await user("ada").getToken()).toBe("at1");
    expect(await user("bob").getToken()).toBe("at2");
    expect(await user("ada").getToken()).toBe("at1");
    expect(sent.map(({ username }) => username)).toEqual(["ada", "bob"]);
  });

  test("a custom grant keeps its own target when the client has none", async () => {
    const { sent, user } = setUp();
    const credentials = async () => ({ username: "ada", password: "p" });
    const grant: CreateClientConfig["grant"] = (server) =>
      new PasswordGrant(server, { credentials, scope: ["own"] });
    await user("ada", { grant }).getToken();
    expect(sent[0]).toMatchObject({ scope: "own" });
  });

  test("a custom grant gets the configured target, and a refresh sends the granted scopes", async () => {
    const { sent, user } = setUp();
    const { getToken, forceRefresh } = user("ada", {
      scope: ["a", "b"],
      resource: API,
      audience: "x",
    });
    await getToken();
    expect(sent[0]).toMatchObject({ scope: "a b", resource: API, audience: "x" });
    await forceRefresh();
    expect(sent[1]).toMatchObject({ refresh_token: "rt1", scope: "a", resource: API });
    await getToken({ scope: ["c"] });
    expect(sent[2]).toMatchObject({ grant_type: "password", scope: "c", resource: API });
  });
});

describe("bad input is refused at once", () => {
  const config: CreateClientConfig = {
    issuer: "https://id.example.com",
    clientId: "server",
    authentication: { method: "client_secret_basic", clientSecret: SECRET },
  };
  test.for([
    [{ issuer: "id.example.com" }, "issuer"],
    [{ clientId: "" }, "clientId"],
    [{ authentication: undefined }, "authentication"],
    [{ authentication: { method: "none" } }, "authentication"],
    [{ authentication: { method: "client_secret_jwt" } }, "authentication"],
    [{ authentication: { method: "client_secret_basic", clientSecret: "" } }, "authentication"],
    [{ authentication: { method: "private_key_jwt" } }, "authentication"],
    [{ allow: ["*"] }, "allow"],
    [{ grant: () => ({}), storage: new MemoryTokenStorage() }, "service"],
    [{ grant: () => ({}), storage: new MemoryTokenStorage(), service: "" }, "service"],
  ] as const)("%o: %s", ([changes, input]) => {
    expect(() => createClient({ ...config, ...changes } as unknown as CreateClientConfig)).toThrow(
      expect.objectContaining({ code: "configuration", input }),
    );
  });
});

test("createClient() refuses wrong tokenParameters before any request", () => {
  const create = () =>
    createClient({
      issuer: "https://id.example.com",
      clientId: "reports",
      authentication: { method: "client_secret_post", clientSecret: SECRET },
      tokenParameters: { client_id: "x" },
    });
  expect(create).toThrow(
    expect.objectContaining({ code: "configuration", input: "tokenParameters.client_id" }),
  );
});
