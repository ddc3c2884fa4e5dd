import { inspect } from "node:util";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { NoTokenError } from "../../src/core/errors.ts";
import { createFetch, type CreateFetchConfig } from "../../src/fetch/create-fetch.ts";

const API = "https://api.example.com";

function setUp(
  response: (request: Request) => Response = () => new Response("ok"),
  changes: Partial<CreateFetchConfig> = {},
) {
  const sent: { url: string; header: string | null; body: string }[] = [];
  const tokens = ["at1", "at2", "at3"];
  const getToken = vi.fn(async ({ cache }: { cache?: "reload" }) => {
    if (cache === "reload") tokens.shift();
    return tokens[0]!;
  });
  const send = createFetch({
    getToken,
    allow: [API],
    fetch: async (request) => {
      sent.push({
        url: request.url,
        header: request.headers.get(changes.headerName ?? "authorization"),
        body: await request.clone().text(),
      });
      return response(request);
    },
    ...changes,
  });
  return { sent, getToken, send };
}

test("sends the token to an allowed origin", async () => {
  const { sent, getToken, send } = setUp();
  expect(await (await send(`${API}/me?x=1`)).text()).toBe("ok");
  expect(sent).toEqual([{ url: `${API}/me?x=1`, header: "Bearer at1", body: "" }]);
  expect(getToken.mock.calls).toEqual([[expect.objectContaining({ prompt: "none" })]]);
});

test.for([
  "https://api.example.com.evil.test/me",
  "https://evil.test/https://api.example.com",
  "https://api.example.com@evil.test/me",
  "https://api.example.com:8443/me",
  "http://api.example.com/me",
  "https://other.example.com/me",
])("sends a request to %s unchanged, without a token", async (url) => {
  const { sent, getToken, send } = setUp();
  await send(url, { headers: { authorization: "Basic mine" } }).catch((error: unknown) =>
    // fetch rejects a URL with credentials.
    expect(error).toBeInstanceOf(TypeError),
  );
  expect(sent.map(({ header }) => header).filter((header) => header !== "Basic mine")).toEqual([]);
  expect(getToken).not.toHaveBeenCalled();
});

test.for([
  ["/v1", true],
  ["/v1/", true],
  ["/v1/me", true],
  ["/v1beta", false],
  ["/v2/../v1/me", true],
  ["/v1/../v2", false],
  ["/v1/%2e%2e/v2", false],
  ["/", false],
] as const)("with a path allowed, %s gets the token: %s", async ([path, gets]) => {
  const { sent, send } = setUp(undefined, { allow: [`${API}/v1`] });
  await send(API + path);
  expect(sent[0]!.header).toBe(gets ? "Bearer at1" : null);
});

test.for([
  ["/public", false],
  ["/public/a/b", false],
  ["/publications", true],
  ["/health.json", false],
  ["/health.json", false],
  ["/a/%C3%BCber/b", true],
  ["/%C3%BCber/b", false],
  ["/public/../me", true],
] as const)("with paths excluded, %s gets the token: %s", async ([path, gets]) => {
  const { sent, getToken, send } = setUp(undefined, {
    exclude: ["/public/", "/über", /\.json$/g],
  });
  getToken.mockImplementation(async () => "at1");
  for (let i = 0; i < 2; i++) await send(API + path);
  expect(sent.map(({ header }) => header)).toEqual(Array(2).fill(gets ? "Bearer at1" : null));
  expect(getToken).toHaveBeenCalledTimes(gets ? 2 : 0);
});

test.for([
  ["/v1/me", true],
  ["/%761/me", true],
  ["//v1/me", true],
  ["/v1/./me", true],
  ["/v1/%2e/me", true],
  ["/v1/a%20b/%C3%BC", true],
  ["/v1/100%", true],
  ["/v1/%2e%2e/v2", false],
  ["/v1/..%2fv2", false],
  ["/v1/%2e%2e%2Fv2", false],
  ["/v1/..%5cv2", false],
  ["/v1/%252e%252e/v2", false],
  ["/v1/%252e%252e%252fv2", false],
  ["/v1/..;/v2", false],
  ["/v1/..;x=1/v2", false],
  ["/v1%2fme", false],
  ["/v1;x/me", false],
  ["/V1/me", false],
] as const)("C8: with a path allowed, %s gets the token: %s", async ([path, gets]) => {
  const { sent, send } = setUp(undefined, { allow: [`${API}/v1`] });
  await send(API + path);
  expect(sent[0]!.header).toBe(gets ? "Bearer at1" : null);
});

/** An allowed path, and the paths of requests. Every reading of a path must be allowed. */
test.for([
  ["/projects/group%2Fapp", "/projects/group%2Fapp", true],
  ["/projects/group%2Fapp", "/projects/group%2fapp/issues", true],
  ["/projects/group%2Fapp", "/projects/group/app", false],
  ["/projects/group%2Fapp", "/projects/group%2Fapplication", false],
  ["/projects/group%2Fapp", "/projects/group%252Fapp", false],
  ["/projects/group%2Fapp", "/projects/group%2Fapp/..%2f..%2fadmin", false],
  ["/shop;v=1/orders", "/shop;v=1/orders/7", true],
  ["/shop;v=1/orders", "/shop;v=2/orders", false],
  ["/shop;v=1/orders", "/shop/orders", false],
  ["/files/a%252Fb", "/files/a%252Fb/c", true],
  ["/files/a%252Fb", "/files/a%2Fb", false],
  ["/files/a%252Fb", "/files/a/b", false],
] as const)("C8: with %s allowed, %s gets the token: %s", async ([allowed, path, gets]) => {
  const { sent, send } = setUp(undefined, { allow: [API + allowed] });
  await send(API + path);
  expect(sent[0]!.header).toBe(gets ? "Bearer at1" : null);
});

test.for([
  ["/projects/group%2Fapp", "/projects/group%2Fapp/issues", false],
  ["/projects/group%2Fapp", "/projects/group%252Fapp", false],
  ["/projects/group%2Fapp", "/projects/group/app", false],
  ["/projects/group%2Fapp", "/projects/group%2Fother", true],
  ["/shop;v=1", "/shop;v=1/orders", false],
  ["/shop;v=1", "/shop;v=2", false],
  ["/shop;v=1", "/shopping", true],
  ["/files/a%252Fb", "/files/a%2Fb", false],
] as const)("C8: with %s excluded, %s gets the token: %s", async ([excluded, path, gets]) => {
  const { sent, send } = setUp(undefined, { exclude: [excluded] });
  await send(API + path);
  expect(sent[0]!.header).toBe(gets ? "Bearer at1" : null);
});

test.for([
  ["/v1/public", false],
  ["/v1/%70ublic", false],
  ["/v1/%2570ublic", false],
  ["/v1//public", false],
  ["//v1/public", false],
  ["/v1/./public", false],
  ["/v1/x/%2e%2e/public", false],
  ["/v1/x%2f..%2fpublic", false],
  ["/v1%2fpublic", false],
  ["/v1/public;a=1/b", false],
  ["/v1/public%2fa", false],
  ["/v1\\public", false],
  ["/v1/%68ealth.json", false],
  ["/v1/health%2ejson", false],
  ["/v1/public%zz", true],
  ["/v1/publications", true],
  ["/v1/my/public", true],
  ["/v1/%5Bid%5D", false],
] as const)("C8: with paths excluded, %s gets the token: %s", async ([path, gets]) => {
  const exclude = ["/v1/public", "/v1/[id]", /\/health\.json$/];
  const { sent, send } = setUp(undefined, { exclude });
  await send(API + path);
  expect(sent[0]!.header).toBe(gets ? "Bearer at1" : null);
});

test.for([{ allow: [`${API}/v1`] }, { exclude: ["/public"] }, { exclude: [/a/] }])(
  "C8: with %o, a redirect is an error, unless the app handles it",
  async (changes) => {
    const modes: string[] = [];
    const fetch = async ({ redirect }: Request) => {
      modes.push(redirect);
      return new Response();
    };
    const { send } = setUp(undefined, { ...changes, fetch });
    await send(`${API}/v1/me`.replace("me", "x"));
    await send(`${API}/v1/x`, { redirect: "manual" });
    expect(modes).toEqual(["error", "manual"]);
  },
);

test("C8: a redirect within the origin does not leave the allowed path", async () => {
  const api = await serve(({ url }) =>
    url === "/v1/me" ? { status: 302, location: "/v2/me" } : { status: 200 },
  );
  const getToken = async () => "secret-token";
  const send = createFetch({ getToken, allow: [`${api.origin}/v1`] });
  await expect(send(`${api.origin}/v1/me`)).rejects.toThrow(TypeError);
  expect(api.seen).toHaveLength(1);
  const everywhere = createFetch({ getToken, allow: [api.origin] });
  expect((await everywhere(`${api.origin}/v1/me`)).status).toBe(200);
});

test("C8: the mode no-cors is refused for a request with a token", async () => {
  const { sent, getToken, send } = setUp();
  const error = { code: "configuration", input: "mode" };
  await expect(send(`${API}/me`, { mode: "no-cors" })).rejects.toMatchObject(error);
  await expect(send(new Request(`${API}/me`, { mode: "no-cors" }))).rejects.toMatchObject(error);
  expect(sent).toEqual([]);
  expect(getToken).not.toHaveBeenCalled();
  expect((await send("https://other.example.com/", { mode: "no-cors" })).status).toBe(200);
});

test("sends nothing without a token, except to excluded paths", async () => {
  const none = new NoTokenError("request a token first");
  const { sent, getToken, send } = setUp(undefined, { exclude: ["/public"] });
  getToken.mockRejectedValue(none);
  await expect(send(`${API}/me`)).rejects.toBe(none);
  expect(sent).toEqual([]);
  expect((await send(`${API}/public`)).status).toBe(200);
});

test("after a 401 sends the same body once more, with a newer token", async () => {
  const { sent, send } = setUp(
    (request) =>
      new Response("", {
        status: request.headers.get("authorization") === "Bearer at1" ? 401 : 200,
      }),
  );
  const response = await send(`${API}/form`, {
    method: "POST",
    body: new URLSearchParams({ a: "1" }),
  });
  expect(response.status).toBe(200);
  expect(sent.map(({ header, body }) => [header, body])).toEqual([
    ["Bearer at1", "a=1"],
    ["Bearer at2", "a=1"],
  ]);
});

test("returns the 401 when there is no newer token, or the API refuses the newer token, too", async () => {
  const { sent, getToken, send } = setUp(() => new Response("no", { status: 401 }));
  expect(await (await send(`${API}/me`)).text()).toBe("no");
  expect(sent).toHaveLength(2);
  getToken.mockImplementation(async ({ cache }) => {
    if (cache) throw new Error("offline");
    return "at9";
  });
  const response = await send(`${API}/me`);
  expect([response.status, await response.text()]).toEqual([401, "no"]);
  expect(sent).toHaveLength(3);
});

test("uses the configured header and prefix, or no prefix", async () => {
  const { sent, send } = setUp(undefined, { headerName: "X-Api-Token", prefix: "Token" });
  await send(API);
  expect(sent[0]!.header).toBe("Token at1");
  const bare = setUp(undefined, { headerName: "X-Api-Token", prefix: "" });
  await bare.send(API);
  expect(bare.sent[0]!.header).toBe("at1");
});

test("sends the credentials of HTTP Basic, as any other value, after the prefix", async () => {
  const { sent, send } = setUp(undefined, {
    getToken: async () => btoa("ada:secret"),
    prefix: "Basic",
  });
  await send(API);
  expect(sent[0]!.header).toBe(`Basic ${btoa("ada:secret")}`);
});

test("the app's own fetch sees each request with its token and each response, and may change and repeat them", async () => {
  const seen: unknown[] = [];
  const statuses = [503, 401, 503, 200];
  const { send } = setUp(undefined, {
    fetch: async (request) => {
      request.headers.set("x-request-id", "7");
      for (let tries = 1; ; tries++) {
        const response = new Response("", { status: statuses.shift()! });
        seen.push([request.headers.get("authorization"), response.status]);
        if (response.status !== 503 || tries === 3) return response;
      }
    },
  });
  expect((await send(`${API}/me`)).status).toBe(200);
  expect(seen).toEqual([
    ["Bearer at1", 503],
    ["Bearer at1", 401],
    ["Bearer at2", 503],
    ["Bearer at2", 200],
  ]);
});

test("one createFetch() sends through another one, so that a request gets both headers", async () => {
  const { sent, send: withToken } = setUp();
  const keys: (string | null)[] = [];
  const withKey = createFetch({
    getToken: async () => "key-7",
    allow: [API],
    headerName: "x-api-key",
    prefix: "",
    fetch: (request) => {
      keys.push(request.headers.get("x-api-key"));
      return withToken(request);
    },
  });
  await withKey(`${API}/me`);
  expect([keys, sent.map(({ header }) => header)]).toEqual([["key-7"], ["Bearer at1"]]);
});

test("rejects with the error of fetch, and sends the request once", async () => {
  const offline = new TypeError("Failed to fetch");
  const send = vi.fn(() => Promise.reject(offline));
  const { getToken, send: api } = setUp(undefined, { fetch: send });
  await expect(api(`${API}/me`)).rejects.toBe(offline);
  expect(send).toHaveBeenCalledTimes(1);
  expect(getToken).toHaveBeenCalledTimes(1);
});

test.for([
  [{ allow: ["api.example.com"] }, "allow"],
  [{ allow: ["*"] }, "allow"],
  [{ allow: ["http://api.example.com"] }, "allow"],
  [{ allow: ["https://ada:secret@api.example.com"] }, "allow"],
  [{ allow: [`${API}?x`] }, "allow"],
  [{ exclude: ["public"] }, "exclude"],
  [{ exclude: ["/public?x"] }, "exclude"],
] as const)("throws for %o before anything is sent", ([changes, input]) => {
  const make = () => setUp(undefined, changes);
  expect(make).toThrow(expect.objectContaining({ code: "configuration", input }));
  expect(make).not.toThrow("secret");
});

/** A real HTTP server, and the headers that it received. `handle` decides the responses. */
async function serve(handle: (request: IncomingMessage) => { status: number; location?: string }) {
  const seen: IncomingMessage["headers"][] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    const { status, location } = handle(request);
    response.writeHead(status, location === undefined ? {} : { location }).end("body");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { seen, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test("does not send the token to another origin after a redirect, in any header", async () => {
  const evil = await serve(() => ({ status: 200 }));
  const api = await serve(() => ({ status: 307, location: `${evil.origin}/take` }));
  const getToken = async () => "secret-token";
  const bearer = createFetch({ getToken, allow: [api.origin] });
  expect((await bearer(`${api.origin}/me`)).status).toBe(200);
  const own = createFetch({ getToken, allow: [api.origin], headerName: "x-token" });
  await expect(own(`${api.origin}/me`)).rejects.toThrow(TypeError);
  expect((await own(`${api.origin}/me`, { redirect: "manual" })).status).toBe(307);
  expect(api.seen.map((headers) => headers["authorization"] ?? headers["x-token"])).toEqual(
    Array(3).fill("Bearer secret-token"),
  );
  expect(JSON.stringify(evil.seen)).not.toContain("secret-token");
  expect(evil.seen).toHaveLength(1);
});

test.for(["line\nbreak", "t\u00f6k\u0101n", "nul\u0000"])(
  "D5: a token that is no header value is not in the error: %j",
  async (token) => {
    const { send, sent } = setUp(undefined, { getToken: async () => token });
    const error: unknown = await send(`${API}/me`).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "configuration", input: "token" });
    expect(inspect(error)).not.toContain(token);
    expect(sent).toEqual([]);
  },
);

test.for([
  ["headerName", { headerName: "my header" }],
  ["headerName", { headerName: "" }],
  ["prefix", { prefix: "Bearer\n" }],
  ["prefix", { prefix: "\u{1f511}" }],
] as const)("createFetch() refuses a %s that fits in no header", ([input, changes]) => {
  expect(() => setUp(undefined, changes)).toThrow(
    expect.objectContaining({ code: "configuration", input }),
  );
});
