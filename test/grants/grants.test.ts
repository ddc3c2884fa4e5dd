import { describe, expect, test, vi } from "vitest";
import { NetworkError, NoTokenError, RefreshTokenError } from "../../src/core/errors.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import type { Grant } from "../../src/core/grant.ts";
import type { Refresher } from "../../src/core/refresher.ts";
import { targetKey } from "../../src/core/token-target.ts";
import { AuthorizationCodeGrant } from "../../src/grants/authorization-code-grant.ts";
import { RefreshGrant } from "../../src/grants/refresh-grant.ts";
import { loginResponse } from "../auth/fixture.ts";

const response = loginResponse();
const roundTrip = {
  redirectUri: "https://app.example/callback",
  navigate: async () => "https://app.example/callback?code=c",
  close: () => {},
};

describe("AuthorizationCodeGrant", () => {
  function server() {
    const calls = {
      authorize: vi.fn(async () => "https://id.example/auth?x"),
      exchange: vi.fn(async () => response),
    };
    return { calls, grant: new AuthorizationCodeGrant(calls) };
  }

  test("navigates with the options of the request, and exchanges the response", async () => {
    const { calls, grant } = server();
    const navigate = vi.spyOn(roundTrip, "navigate");
    const signal = new AbortController().signal;
    expect(await grant.requestToken({ roundTrip, signal, loginHint: "ada", returnTo: "/x" })).toBe(
      response,
    );
    expect(calls.authorize).toHaveBeenCalledWith(
      expect.objectContaining({
        redirectUri: roundTrip.redirectUri,
        loginHint: "ada",
        returnTo: "/x",
      }),
      signal,
    );
    expect(navigate).toHaveBeenCalledWith("https://id.example/auth?x");
    expect(calls.exchange).toHaveBeenCalledWith("https://app.example/callback?code=c", signal);
  });

  test("exchanges a response without navigating", async () => {
    const { calls, grant } = server();
    expect(await grant.requestToken({ response: "https://app.example/callback?code=d" })).toBe(
      response,
    );
    expect(calls.authorize).not.toHaveBeenCalled();
    expect(calls.exchange).toHaveBeenCalledWith("https://app.example/callback?code=d", undefined);
  });

  test("rejects without a round trip", async () => {
    const { calls, grant } = server();
    await expect(grant.requestToken({ user: "ada" })).rejects.toBeInstanceOf(NoTokenError);
    expect(calls.authorize).not.toHaveBeenCalled();
  });
});

describe("RefreshGrant", () => {
  function chain(
    refresh: Refresher["refresh"],
    inner: Grant["requestToken"] = async () => response,
  ) {
    const calls = { refresh: vi.fn(refresh), requestToken: vi.fn(inner) };
    return { calls, grant: new RefreshGrant(calls, { refresher: calls }) };
  }
  const refreshed = loginResponse({ accessToken: "at2", generation: 2 });

  test("refreshes the session for the requested target", async () => {
    const { calls, grant } = chain(async () => refreshed);
    const signal = new AbortController().signal;
    expect(
      await grant.requestToken({
        user: "ada",
        resource: "r",
        tokens: loginResponse({ generation: 1 }),
        signal,
      }),
    ).toBe(refreshed);
    expect(calls.refresh).toHaveBeenCalledWith(
      { user: "ada", target: targetKey({ resource: "r" }), notGeneration: -1 },
      signal,
    );
    expect(calls.requestToken).not.toHaveBeenCalled();
  });

  test("with cache reload requests a newer generation than the held one", async () => {
    const { calls, grant } = chain(async () => refreshed);
    await grant.requestToken({
      user: "ada",
      cache: "reload",
      tokens: loginResponse({ generation: 7 }),
    });
    expect(calls.refresh).toHaveBeenCalledWith(
      { user: "ada", target: targetKey({}), notGeneration: 7 },
      undefined,
    );
  });

  test.for([
    { user: "ada", roundTrip },
    { user: "ada", response: "https://app.example/callback?code=c" },
    {},
  ])("passes %o on to the inner grant unchanged", async (request) => {
    const { calls, grant } = chain(async () => refreshed);
    expect(await grant.requestToken(request)).toBe(response);
    expect(calls.requestToken).toHaveBeenCalledWith(request);
    expect(calls.refresh).not.toHaveBeenCalled();
  });

  test.for([new NoTokenError("none"), new RefreshTokenError("session_ended")])(
    "calls the inner grant after %s",
    async (error) => {
      const { grant } = chain(() => Promise.reject(error));
      expect(await grant.requestToken({ user: "ada" })).toBe(response);
    },
  );

  test("rejects with the session's error when the inner grant has no token, either", async () => {
    const reason = new RefreshTokenError("session_ended");
    const { grant } = chain(
      () => Promise.reject(reason),
      () => Promise.reject(new NoTokenError("a login is needed")),
    );
    await expect(grant.requestToken({ user: "ada" })).rejects.toBe(reason);
  });

  test.for([new NetworkError("offline"), new RequestTokenError("refused", { hint: "x" })])(
    "never calls the inner grant after %s, so that a temporary failure shows no login page",
    async (error) => {
      const { calls, grant } = chain(() => Promise.reject(error));
      await expect(grant.requestToken({ user: "ada" })).rejects.toBe(error);
      expect(calls.requestToken).not.toHaveBeenCalled();
    },
  );
});
