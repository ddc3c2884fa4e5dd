import type { IncomingMessage, ServerResponse } from "node:http";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { createClient, PasswordGrant, type CreateClientConfig } from "../../src/confidential.ts";
import { realServer } from "../oidc/support.ts";

/** A long-running process uses a server whose token endpoint moves. The tests use real HTTP. */

let issuer: string;
/** The host that the metadata names. */
let host: string;
/** The number of requests that each server received. */
let requests: { metadata: number; old: number; next: number };
let newHost: string;
let old: (response: ServerResponse) => void;

const json = (response: ServerResponse, body: object, status = 200) =>
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
const tokens = (response: ServerResponse) =>
  json(response, { access_token: "at", token_type: "Bearer", expires_in: 60 });

beforeEach(async () => {
  requests = { metadata: 0, old: 0, next: 0 };
  old = tokens;
  newHost = await realServer((_, response) => {
    requests.next += 1;
    tokens(response);
  });
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === "/token") {
      requests.old += 1;
      return old(response);
    }
    requests.metadata += 1;
    const endpoints = { authorization_endpoint: `${issuer}/a`, token_endpoint: `${host}/token` };
    return json(response, { issuer, ...endpoints });
  };
  issuer = await realServer(serve);
  host = issuer;
});

const client = (more: Partial<CreateClientConfig> = {}) =>
  createClient({
    issuer,
    clientId: "service",
    authentication: { method: "client_secret_basic", clientSecret: "s" },
    ...more,
  });

describe("a client in Node", () => {
  test.each<[string, (response: ServerResponse) => void]>([
    ["returns 404", (response) => json(response, { error: "not_found" }, 404)],
    ["returns 410", (response) => void response.writeHead(410).end()],
    ["closes the connection", (response) => void response.destroy()],
    ["belongs to another owner", (response) => void response.end("<h1>Buy this domain")],
  ])("A7: uses the new host, without a restart, when the old one %s", async (_, response) => {
    const { forceRefresh } = client();
    await forceRefresh();
    host = newHost;
    old = response;
    await expect(forceRefresh()).rejects.toMatchObject({ name: expect.stringMatching(/Error$/) });
    expect(await forceRefresh()).toBe("at");
    expect(requests).toEqual({ metadata: 2, old: 2, next: 1 });
  });

  test("A7: reads the metadata once a day", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      const { forceRefresh } = client();
      await forceRefresh();
      host = newHost;
      vi.advanceTimersByTime(86_399_000);
      await forceRefresh();
      vi.advanceTimersByTime(1_000);
      await forceRefresh();
      expect(requests).toEqual({ metadata: 2, old: 2, next: 1 });
    } finally {
      vi.useRealTimers();
    }
  });

  test("A7: reads the metadata at most every 30 seconds while the old host fails", async () => {
    const { forceRefresh } = client();
    await forceRefresh();
    old = (response) => void response.destroy();
    for (let call = 0; call < 10; call++) await forceRefresh().catch(() => {});
    expect(requests).toMatchObject({ metadata: 2, old: 11 });
  });

  test("A7: sends requests only to the token endpoint that the app names", async () => {
    const credentials = async () => ({ username: "ada", password: "secret" });
    const { forceRefresh } = client({
      grant: (server) =>
        new PasswordGrant(server, { credentials, tokenEndpoint: `${newHost}/token` }),
    });
    await forceRefresh();
    await forceRefresh();
    expect(requests).toMatchObject({ old: 0, next: 2 });
  });
});
