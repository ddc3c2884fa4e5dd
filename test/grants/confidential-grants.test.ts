import { describe, expect, test, vi } from "vitest";
import * as confidential from "../../src/confidential.ts";
import * as main from "../../src/index.ts";
import * as parts from "../../src/parts.ts";
import type { AuthorizationServer } from "../../src/core/authorization-server.ts";
import { CancelledError, NetworkError, NoTokenError } from "../../src/core/errors.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import { ClientCredentialsGrant } from "../../src/grants/client-credentials-grant.ts";
import { PasswordGrant, type PasswordConfig } from "../../src/grants/password-grant.ts";
import { RefreshTokenGrant } from "../../src/grants/refresh-token-grant.ts";
import { loginResponse } from "../auth/fixture.ts";

const response = loginResponse({ accessToken: "fresh" });
const SECRET = "hunter2-7f3a";

function fakeServer(reply: AuthorizationServer["requestTokens"] = async () => response) {
  return { requestTokens: vi.fn(reply) };
}

const refusal = (error: string, status = 400) =>
  new RequestTokenError(`the token endpoint returned ${status} ${error}`, {
    hint: "x",
    error,
    status,
  });

test("grants that need a secret or a password are exported by latchkey/confidential only", () => {
  for (const name of ["ClientCredentialsGrant", "PasswordGrant"]) {
    expect(confidential).toHaveProperty(name);
    for (const entry of [main, parts]) expect(entry).not.toHaveProperty(name);
  }
});

describe("ClientCredentialsGrant", () => {
  test("requests the configured target, which the request overrides", async () => {
    const server = fakeServer();
    const grant = new ClientCredentialsGrant(server, {
      scope: ["a", "b"],
      audience: "aud",
      resource: "https://api.example",
      extraParameters: { tenant: "t" },
    });
    const { signal } = new AbortController();
    expect(await grant.requestToken({ signal })).toBe(response);
    expect(server.requestTokens).toHaveBeenLastCalledWith(
      {
        grant_type: "client_credentials",
        scope: "a b",
        audience: "aud",
        resource: "https://api.example",
        tenant: "t",
      },
      { signal },
    );
    await grant.requestToken({ scope: ["c"], audience: "other", resource: "https://b.example" });
    expect(server.requestTokens).toHaveBeenLastCalledWith(
      {
        grant_type: "client_credentials",
        scope: "c",
        audience: "other",
        resource: "https://b.example",
        tenant: "t",
      },
      { signal: undefined },
    );
  });

  test("passes on the server's error", async () => {
    const error = refusal("invalid_client");
    const grant = new ClientCredentialsGrant(fakeServer(() => Promise.reject(error)));
    await expect(grant.requestToken({})).rejects.toBe(error);
  });
});

describe("PasswordGrant", () => {
  function setUp(changes: Partial<PasswordConfig> = {}, server = fakeServer()) {
    const credentials = vi.fn(async () => ({ username: "ada", password: SECRET }));
    return {
      server,
      credentials,
      grant: new PasswordGrant(server, { credentials, ...changes }),
    };
  }

  test("asks for the password each time, and sends it to the configured token endpoint", async () => {
    const { server, credentials, grant } = setUp({
      scope: ["a"],
      tokenEndpoint: "https://id.example/auth/ropc.php",
      extraParameters: { realm: "r" },
    });
    expect(credentials).not.toHaveBeenCalled();
    const { signal } = new AbortController();
    expect(await grant.requestToken({ signal, audience: "aud" })).toBe(response);
    expect(server.requestTokens).toHaveBeenCalledWith(
      {
        grant_type: "password",
        username: "ada",
        password: SECRET,
        scope: "a",
        audience: "aud",
        resource: undefined,
        realm: "r",
      },
      { tokenEndpoint: "https://id.example/auth/ropc.php", signal },
    );
    await grant.requestToken({});
    expect(credentials).toHaveBeenCalledTimes(2);
  });

  test('does not ask the user with prompt "none"', async () => {
    const { server, credentials, grant } = setUp();
    await expect(grant.requestToken({ prompt: "none" })).rejects.toBeInstanceOf(NoTokenError);
    expect(credentials).not.toHaveBeenCalled();
    expect(server.requestTokens).not.toHaveBeenCalled();
  });

  test("passes on the server's error after a wrong password", async () => {
    const error = refusal("invalid_grant");
    const { grant } = setUp(
      {},
      fakeServer(() => Promise.reject(error)),
    );
    await expect(grant.requestToken({})).rejects.toBe(error);
  });

  test.for([
    { username: "", password: SECRET },
    { username: "ada", password: "" },
  ])("sends nothing for %o, and shows no password in the error", async (credentials) => {
    const { server, grant } = setUp({ credentials: async () => credentials });
    const error: unknown = await grant.requestToken({}).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: "configuration", input: "credentials" });
    expect(`${(error as Error).stack}${JSON.stringify(error)}`).not.toContain(SECRET);
    expect(server.requestTokens).not.toHaveBeenCalled();
  });

  test("rejects when the user closes the dialog, and at once when the signal is aborted", async () => {
    const cancelled = new CancelledError("closed");
    const { grant } = setUp({ credentials: () => Promise.reject(cancelled) });
    await expect(grant.requestToken({})).rejects.toBe(cancelled);
    const leave = new AbortController();
    const { server, grant: open } = setUp({ credentials: () => new Promise(() => {}) });
    const asking = open.requestToken({ signal: leave.signal });
    leave.abort(new Error("enough"));
    await expect(asking).rejects.toThrow("enough");
    const late = setUp();
    await expect(
      late.grant.requestToken({ signal: AbortSignal.abort(new Error("late")) }),
    ).rejects.toThrow("late");
    expect(late.credentials).not.toHaveBeenCalled();
    expect(server.requestTokens).not.toHaveBeenCalled();
  });
});

describe("RefreshTokenGrant", () => {
  const cached = loginResponse({ refreshToken: "rt-old", scope: ["a", "b"] });
  function setUp(reply?: AuthorizationServer["requestTokens"]) {
    const server = fakeServer(reply);
    const inner = { requestToken: vi.fn(async () => loginResponse({ accessToken: "inner" })) };
    return { server, inner, grant: new RefreshTokenGrant(inner, server) };
  }

  test("sends the refresh token, and keeps it when the response has none", async () => {
    const { server, inner, grant } = setUp(async () => {
      const { refreshToken: _, ...rest } = loginResponse({ accessToken: "at2", scope: [] });
      return rest;
    });
    // A `scope` that is empty is not a missing one: the server granted no scope.
    expect(await grant.requestToken({ tokens: cached, resource: "r", scope: ["a"] })).toMatchObject(
      { accessToken: "at2", refreshToken: "rt-old", scope: [] },
    );
    expect(server.requestTokens).toHaveBeenCalledWith(
      {
        grant_type: "refresh_token",
        refresh_token: "rt-old",
        scope: "a",
        resource: "r",
        audience: undefined,
      },
      { tokenEndpoint: undefined, scope: ["a"] },
    );
    expect(inner.requestToken).not.toHaveBeenCalled();
  });

  test("returns the new refresh token and the newly granted scope", async () => {
    const { grant } = setUp(async () => loginResponse({ refreshToken: "rt-new", scope: ["a"] }));
    expect(await grant.requestToken({ tokens: cached })).toMatchObject({
      refreshToken: "rt-new",
      scope: ["a"],
    });
  });

  test("sends the refresh token to the configured token endpoint", async () => {
    const server = fakeServer();
    const inner = { requestToken: async () => response };
    const grant = new RefreshTokenGrant(inner, server, { tokenEndpoint: "https://id.example/r" });
    await grant.requestToken({ tokens: loginResponse() });
    expect(server.requestTokens).toHaveBeenCalledWith(expect.anything(), {
      tokenEndpoint: "https://id.example/r",
      scope: ["openid"],
    });
  });

  test.for([
    {},
    { tokens: loginResponse({ refreshToken: "" }) },
    { tokens: cached, response: "https://app.example/callback?code=c" },
  ])("sends nothing for %o, and calls the inner grant", async (request) => {
    const { server, inner, grant } = setUp();
    await grant.requestToken(request);
    expect(inner.requestToken).toHaveBeenCalledWith(request);
    expect(server.requestTokens).not.toHaveBeenCalled();
  });

  test.for([
    refusal("invalid_grant"),
    refusal("invalid_grant", 401),
    refusal("invalid_grant", 200),
    refusal("bad_refresh_token", 200),
  ])("after %s calls the inner grant with the unchanged request", async (error) => {
    const { inner, grant } = setUp(() => Promise.reject(error));
    const request = { tokens: cached, cache: "reload" } as const;
    expect(await grant.requestToken(request)).toMatchObject({ accessToken: "inner" });
    expect(inner.requestToken).toHaveBeenCalledWith(request);
  });

  test("rejects with a RefreshTokenError when the inner grant has no token after invalid_grant", async () => {
    const { inner, grant } = setUp(() => Promise.reject(refusal("invalid_grant")));
    inner.requestToken.mockRejectedValue(new NoTokenError("a password is needed"));
    await expect(grant.requestToken({ tokens: cached })).rejects.toMatchObject({
      code: "refresh_token",
      reason: "session_ended",
    });
    const offline = new NetworkError("offline");
    inner.requestToken.mockRejectedValue(offline);
    await expect(grant.requestToken({ tokens: cached })).rejects.toBe(offline);
  });

  test.for([
    new NetworkError("offline"),
    refusal("invalid_client"),
    refusal("invalid_scope"),
    refusal("invalid_grant", 429),
    refusal("invalid_grant", 500),
    refusal("bad_refresh_token", 503),
    new RequestTokenError("500", { hint: "x", status: 500, retryable: true }),
  ])("passes on %s without calling the inner grant", async (error) => {
    const { inner, grant } = setUp(() => Promise.reject(error));
    await expect(grant.requestToken({ tokens: cached })).rejects.toBe(error);
    expect(inner.requestToken).not.toHaveBeenCalled();
  });

  test("rejects tokens of another user", async () => {
    const { grant } = setUp(async () => loginResponse({ user: { sub: "mallory", claims: {} } }));
    await expect(grant.requestToken({ tokens: cached })).rejects.toMatchObject({
      code: "refresh_token",
      reason: "id_token",
    });
  });

  test("does not abort a sent request, because it may have consumed the refresh token", async () => {
    const { server, grant } = setUp();
    const leave = new AbortController();
    await grant.requestToken({ tokens: cached, signal: leave.signal });
    expect(server.requestTokens.mock.lastCall![1]).not.toHaveProperty("signal");
    leave.abort(new Error("enough"));
    await expect(grant.requestToken({ tokens: cached, signal: leave.signal })).rejects.toThrow(
      "enough",
    );
    expect(server.requestTokens).toHaveBeenCalledTimes(1);
  });
});
