import { afterEach, expect, test, vi } from "vitest";
import { authorizedFetch } from "../../src/fetch/send-authorized.ts";
import { RefusedTokens } from "../../src/fetch/refused-tokens.ts";

const PAGE = "https://app.example/page";
const API = "https://app.example/api";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** An `auth.fetch` whose requests get `response`, and the sent requests. Every reload gives the next of `tokens`. */
function setUp(response: (token: string) => Response, tokens = ["at1", "at2", "at3"]) {
  const sent: { token: string; body: string; signal: AbortSignal }[] = [];
  const getToken = vi.fn(async ({ cache, signal }: { cache?: "reload"; signal: AbortSignal }) => {
    signal.throwIfAborted();
    if (cache === "reload") tokens.shift();
    return tokens[0]!;
  });
  vi.stubGlobal("fetch", async (request: Request) => {
    const token = request.headers.get("authorization")!.replace("Bearer ", "");
    sent.push({ token, body: await request.text(), signal: request.signal });
    return response(token);
  });
  const refused = new RefusedTokens();
  const authFetch = authorizedFetch(getToken, PAGE, async () => refused);
  return { sent, getToken, tokens, authFetch };
}

test("C8: refuses the mode no-cors, in which the browser removes the token", async () => {
  const { sent, getToken, authFetch } = setUp(() => new Response("ok"));
  for (const request of [API, new URL(API), new Request(API, { method: "POST", body: "a" })]) {
    await expect(authFetch(request, { mode: "no-cors" })).rejects.toMatchObject({ input: "mode" });
  }
  expect(sent).toEqual([]);
  expect(getToken).not.toHaveBeenCalled();
});

test("sends the token, and gets it with prompt none", async () => {
  const { sent, getToken, authFetch } = setUp(() => new Response("ok"));
  const response = await authFetch(API, { headers: { Authorization: "Basic mine" } });
  expect(await response.text()).toBe("ok");
  expect(sent.map(({ token }) => token)).toEqual(["at1"]);
  expect(getToken.mock.calls.map(([options]) => options)).toEqual([
    expect.objectContaining({ prompt: "none" }),
  ]);
});

test.for([
  "https://app.example.evil.test/api",
  "https://api.example/",
  "http://app.example/api",
  "https://app.example:8443/api",
])("sends nothing to %s", async (url) => {
  const { sent, getToken, authFetch } = setUp(() => new Response("ok"));
  await expect(authFetch(url)).rejects.toMatchObject({ code: "configuration", input: "url" });
  expect(sent).toEqual([]);
  expect(getToken).not.toHaveBeenCalled();
});

test("after a 401 sends the same body once more with a newer token", async () => {
  const { sent, authFetch } = setUp(
    (token) => new Response("", { status: token === "at1" ? 401 : 200 }),
  );
  const response = await authFetch(API, { method: "POST", body: "form" });
  expect(response.status).toBe(200);
  expect(sent.map(({ token, body }) => [token, body])).toEqual([
    ["at1", "form"],
    ["at2", "form"],
  ]);
});

test("uses a token that arrived meanwhile instead of requesting another one", async () => {
  const { sent, getToken, tokens, authFetch } = setUp((token) => {
    if (token !== "at1") return new Response("ok");
    tokens.shift();
    return new Response("", { status: 401 });
  });
  await authFetch(API);
  expect(sent.map(({ token }) => token)).toEqual(["at1", "at2"]);
  expect(getToken.mock.calls.filter(([{ cache }]) => cache === "reload")).toEqual([]);
});

test("returns the second 401, or the first one when there is no newer token", async () => {
  const { sent, authFetch } = setUp(() => new Response("no", { status: 401 }));
  expect((await authFetch(API)).status).toBe(401);
  expect(sent).toHaveLength(2);
  const {
    sent: once,
    getToken,
    authFetch: stuck,
  } = setUp(() => new Response("no", { status: 401 }));
  getToken.mockImplementationOnce(async () => "at1").mockRejectedValue(new Error("offline"));
  const response = await stuck(API);
  expect([response.status, await response.text()]).toEqual([401, "no"]);
  expect(once).toHaveLength(1);
});

test("returns other responses unchanged", async () => {
  for (const status of [204, 302, 400, 403, 404, 429, 500, 503]) {
    const given = new Response(status === 204 ? null : '{"reason":"because"}', { status });
    const { sent, authFetch } = setUp(() => given);
    expect(await authFetch(API)).toBe(given);
    expect(given.bodyUsed).toBe(false);
    expect(sent).toHaveLength(1);
  }
});

test("rejects with the reason of an aborted signal, also while it requests a newer token", async () => {
  const reason = new Error("enough");
  const { sent, authFetch } = setUp(() => new Response("ok"));
  await expect(authFetch(API, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(sent).toEqual([]);
  const leave = new AbortController();
  const { authFetch: slow } = setUp(() => {
    leave.abort(reason);
    return new Response("", { status: 401 });
  });
  await expect(slow(API, { signal: leave.signal })).rejects.toBe(reason);
});
