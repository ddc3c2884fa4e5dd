import { afterEach, describe, expect, test, vi } from "vitest";
import { createAuth, type CreateAuthConfig } from "../../../src/compose/create-auth.ts";
import type { GrantParts } from "../../../src/compose/grant-parts.ts";
import type { Auth } from "../../../src/core/auth.ts";
import { NoTokenError } from "../../../src/core/errors.ts";
import type { TokenRequest } from "../../../src/core/grant.ts";
import { contextKey, TokenContext } from "../../../src/core/token-context.ts";
import { CustomGrant } from "../../../src/grants/custom-grant.ts";
import { RefreshGrant } from "../../../src/grants/refresh-grant.ts";
import { idTokenFetcher } from "../../../src/auth/users/id-token-fetcher.ts";

/** The parts that an app passes to `createAuth()`, in a real page with real stores. */

const user = { sub: "ada", name: "Ada", claims: { sub: "ada", name: "Ada" } };
const endpoints = {
  authorizationEndpoint: "https://id.example/authorize",
  tokenEndpoint: "https://id.example/token",
};

let clients = 0;
let auth: Auth | undefined;
afterEach(() => {
  auth?.dispose();
});

/** Creates an `Auth` for a client that no other test uses. */
function create(config: Partial<CreateAuthConfig>): Auth {
  clients += 1;
  auth = createAuth({
    issuer: "https://id.example",
    clientId: `parts-${clients}-${crypto.randomUUID()}`,
    redirectUri: "/callback",
    ...config,
  });
  return auth;
}

describe("createAuth()", () => {
  test("takes the tokens from the app's grant and the user from the app's user fetcher", async () => {
    let given: GrantParts | undefined;
    const fetchUser = vi.fn(async () => user);
    const auth = create({
      endpoints,
      userFetcher: { fetchUser },
      grant: (parts) => {
        given = parts;
        return new CustomGrant(async () => ({ accessToken: "external", scope: ["a"] }));
      },
    });
    expect(await auth.getToken({ prompt: "none" })).toBe("external");
    expect(auth.state).toMatchObject({ status: "authenticated", user, token: { scope: ["a"] } });
    expect(fetchUser).toHaveBeenCalledTimes(1);
    expect(Object.keys(given!).sort()).toEqual(
      [
        ...["client", "clock", "database", "locks", "random", "refresher", "requests", "server"],
        ...["sessions", "users"],
      ].sort(),
    );
    // The tokens are stored as a login, so the next call asks neither the grant nor the user fetcher.
    expect(await auth.getToken({ prompt: "none" })).toBe("external");
    expect(fetchUser).toHaveBeenCalledTimes(1);
  });

  test("passes the caller's context to the grant", async () => {
    const REASON = contextKey<string>("reason");
    const asked: TokenRequest[] = [];
    const auth = create({
      userFetcher: () => idTokenFetcher(),
      grant: (parts) =>
        new RefreshGrant(
          new CustomGrant(async (request) => {
            asked.push(request);
            return { accessToken: `for ${request.context?.get(REASON)}`, user };
          }),
          parts,
        ),
    });
    const context = TokenContext.of(REASON, "upload");
    expect(await auth.getToken({ prompt: "none", context })).toBe("for upload");
    const other = context.with(REASON, "retry");
    expect(await auth.getToken({ prompt: "none", cache: "reload", context: other })).toBe(
      "for retry",
    );
    expect(asked.map(({ user, context }) => [user, context])).toEqual([
      [undefined, context],
      ["ada", other],
    ]);
  });

  test("passes the server to the user fetcher, and calls the fetcher only after a login", async () => {
    let userinfo: unknown;
    const auth = create({
      endpoints,
      userFetcher: (server) => {
        userinfo = typeof server.userinfo;
        return { fetchUser: async () => user };
      },
      grant: () => ({ requestToken: () => Promise.reject(new NoTokenError("a login is needed")) }),
    });
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
    expect(userinfo).toBe("function");
    expect(await auth.getUser()).toBeUndefined();
  });
});
