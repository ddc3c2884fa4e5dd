import { describe, expect, test, vi } from "vitest";
import type { AuthorizationServer } from "../../src/core/authorization-server.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import { contextKey, TokenContext } from "../../src/core/token-context.ts";
import type { TokenSet } from "../../src/core/token-set.ts";
import { StaticGrant } from "../../src/grants/static-grant.ts";
import {
  TokenExchangeGrant,
  type TokenExchangeConfig,
} from "../../src/grants/token-exchange-grant.ts";
import { loginResponse } from "../auth/fixture.ts";
import { scriptedGrant } from "./support.ts";

const URN = "urn:ietf:params:oauth:token-type:";
const { user: _, idToken: __, refreshToken: ___, ...bare } = loginResponse();
const exchanged: TokenSet = { ...bare, accessToken: "new", issuedTokenType: `${URN}access_token` };

function setUp(config?: TokenExchangeConfig, response: TokenSet = exchanged) {
  const requestTokens = vi.fn<AuthorizationServer["requestTokens"]>(async () => response);
  const inner = scriptedGrant(() => loginResponse());
  return { requestTokens, inner, grant: new TokenExchangeGrant(inner, { requestTokens }, config) };
}

describe("a token exchange", () => {
  test("sends the inner grant's access token, and returns the new one for the same user", async () => {
    const { grant, requestTokens } = setUp();
    expect(await grant.requestToken({})).toMatchObject({
      accessToken: "new",
      user: { sub: "ada" },
    });
    expect(requestTokens).toHaveBeenCalledWith(
      {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token: "at1",
        subject_token_type: `${URN}access_token`,
      },
      { tokenEndpoint: undefined, signal: undefined },
    );
  });

  test("sends the configured target, which the request overrides", async () => {
    const config = { audience: "a", resource: "https://r", scope: ["x", "y"] };
    const { grant, requestTokens } = setUp(config);
    await grant.requestToken({});
    expect(requestTokens.mock.lastCall![0]).toMatchObject({
      audience: "a",
      resource: "https://r",
      scope: "x y",
    });
    await grant.requestToken({ audience: "b", scope: ["z"] });
    expect(requestTokens.mock.lastCall![0]).toMatchObject({
      audience: "b",
      resource: "https://r",
      scope: "z",
    });
  });

  test("requests the inner grant's default token, with the call's context", async () => {
    const { grant, inner } = setUp();
    const key = contextKey<number>("n");
    const context = TokenContext.of(key, 7);
    await grant.requestToken({
      user: "ada",
      audience: "b",
      scope: ["z"],
      tokens: exchanged,
      context,
    });
    expect(inner.asked).toEqual([{ user: "ada", context }]);
  });

  test("passes a login on unchanged", async () => {
    const { grant, inner } = setUp();
    const login = { response: "https://app.example/?code=c", scope: ["z"] };
    await grant.requestToken(login);
    expect(inner.asked[0]).toBe(login);
  });

  test.for([
    ["id_token", "id1", `${URN}id_token`],
    ["refresh_token", "rt1", `${URN}refresh_token`],
    ["jwt", "at1", `${URN}jwt`],
    ["urn:example:legacy", "at1", "urn:example:legacy"],
  ] as const)("exchanges a subject token of type %s", async ([subjectTokenType, token, type]) => {
    const { grant, requestTokens } = setUp({ subjectTokenType });
    await grant.requestToken({});
    expect(requestTokens.mock.lastCall![0]).toMatchObject({
      subject_token: token,
      subject_token_type: type,
    });
  });

  test("sends the actor's token", async () => {
    const actor = new StaticGrant({ accessToken: "act" });
    const { grant, requestTokens } = setUp({ actor, actorTokenType: "jwt" });
    await grant.requestToken({ user: "ada" });
    expect(requestTokens.mock.lastCall![0]).toMatchObject({
      actor_token: "act",
      actor_token_type: `${URN}jwt`,
    });
  });

  test("passes prompt none on to the actor, and no other prompt", async () => {
    const actor = scriptedGrant(() => loginResponse());
    const { grant } = setUp({ actor });
    await grant.requestToken({ user: "ada", prompt: "none" });
    await grant.requestToken({ user: "ada", prompt: "login" });
    expect(actor.asked).toEqual([{ prompt: "none" }, {}]);
  });

  test("sends to the configured token endpoint, with the caller's signal", async () => {
    const { grant, requestTokens } = setUp({ tokenEndpoint: "https://sts.example/token" });
    const { signal } = new AbortController();
    await grant.requestToken({ signal });
    expect(requestTokens.mock.lastCall![1]).toEqual({
      tokenEndpoint: "https://sts.example/token",
      signal,
    });
  });

  test("sends nothing when the inner grant has no token of the configured type", async () => {
    const { requestTokens } = setUp();
    const inner = new StaticGrant({ accessToken: "at" });
    const grant = new TokenExchangeGrant(
      inner,
      { requestTokens },
      { subjectTokenType: "id_token" },
    );
    await expect(grant.requestToken({})).rejects.toMatchObject({
      code: "request_token",
      message: expect.stringContaining("the token exchange needs a token of the type id_token"),
    });
    expect(requestTokens).not.toHaveBeenCalled();
  });

  test.for([
    [undefined, `${URN}jwt`],
    ["jwt", `${URN}jwt`],
    ["access_token", `${URN}access_token`],
  ] as const)(
    "accepts for the requested type %s the issued type %s",
    async ([requestedTokenType, issuedTokenType]) => {
      const config = requestedTokenType && { requestedTokenType };
      const { grant, requestTokens } = setUp(config, { ...exchanged, issuedTokenType });
      expect((await grant.requestToken({})).accessToken).toBe("new");
      expect(requestTokens.mock.lastCall![0]["requested_token_type"]).toBe(
        requestedTokenType && URN + requestedTokenType,
      );
    },
  );

  test.for([
    [undefined, `${URN}refresh_token`],
    ["jwt", `${URN}access_token`],
    ["access_token", `${URN}saml2`],
    ["access_token", undefined],
  ] as const)(
    "rejects for the requested type %s the issued type %s",
    async ([requestedTokenType, issued]) => {
      const { issuedTokenType: _, ...untyped } = exchanged;
      const response = { ...untyped, ...(issued && { issuedTokenType: issued }) };
      const { grant } = setUp(requestedTokenType && { requestedTokenType }, response);
      const error = await grant.requestToken({}).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(RequestTokenError);
      expect((error as RequestTokenError).hint).toContain("issued_token_type");
      expect(JSON.stringify(error)).not.toContain('new"');
    },
  );

  test("passes on the server's error", async () => {
    const { grant, requestTokens } = setUp();
    const error = new RequestTokenError("no", { error: "invalid_target", hint: "x" });
    requestTokens.mockRejectedValueOnce(error);
    await expect(grant.requestToken({})).rejects.toBe(error);
  });
});
