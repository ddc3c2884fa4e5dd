import { expect } from "vitest";
import { redirectTo, type Behaviour, type HostileProvider } from "../support/hostile-provider.ts";
import type { Hour, Scenario } from "./simulate-hour.ts";

/** Servers at which no request can succeed for an hour. */

const oauthError =
  (error: string, status = 400): Behaviour =>
  () => ({ status, body: { error } });

const redirectError =
  (error: string): Behaviour =>
  ({ query }) =>
    redirectTo(query, { error, state: query.get("state") ?? "" });

/** Sends the browser to the redirect URI with this suffix instead of a response. */
const redirectWith =
  (suffix: string): Behaviour =>
  ({ query }) => ({
    status: 302,
    headers: { Location: `${query.get("redirect_uri")}${suffix}` },
  });

/** A login page whose user presses the Back button of the browser. */
const loginPageLeft: Behaviour = ({ query }) => ({
  headers: { "Content-Type": "text/html" },
  body: `<!doctype html><title>Sign in</title><link rel="icon" href="data:,"><script>
    addEventListener("load", () => setTimeout(() =>
      history.length > 1 ? history.back() : location.replace(${JSON.stringify(query.get("redirect_uri"))}), 20));
  </script>`,
});

/** The refresh and the login are refused with the same error. */
function refuse(provider: HostileProvider, error: string): void {
  provider.behaviours.set("/token", oauthError(error));
  provider.behaviours.set("/authorize", redirectError(error));
}

/** Refreshes get this behaviour, and users leave the login page without a login. */
function refuseRefresh(provider: HostileProvider, behaviour: Behaviour): void {
  provider.behaviours.set("/token", behaviour);
  provider.behaviours.set("/authorize", loginPageLeft);
}

const tokens = (members: Readonly<Record<string, unknown>>) => (provider: HostileProvider) => {
  provider.tokens = members;
};

/** All scenarios, by the ids of `test/faults.md`. */
export const SCENARIOS: readonly Scenario[] = [
  {
    title: "A1: a token that is expired on arrival, without a refresh token",
    prepare: tokens({ expires_in: 0, refresh_token: undefined }),
  },
  {
    title: "A1: a token that expired before it arrived, without a refresh token",
    prepare: tokens({ expires_in: -1, refresh_token: undefined }),
  },
  {
    title: "A1: a scope that the server does not grant",
    app: { token: { scope: ["read"] } },
    prepare: tokens({ scope: "openid", refresh_token: undefined }),
  },
  {
    title: "A2: invalid_scope, and a callback page that loads another page",
    app: { afterCallback: "load" },
    prepare: ({ behaviours }) => behaviours.set("/authorize", redirectError("invalid_scope")),
  },
  {
    title: "A2: invalid_client at the token endpoint, and a callback page that loads another page",
    app: { afterCallback: "load" },
    prepare: ({ behaviours }) => behaviours.set("/token", oauthError("invalid_client", 401)),
  },
  {
    title: "A2: clocks that differ by six minutes, and a callback page that loads another page",
    app: { afterCallback: "load" },
    prepare: (provider) => {
      const { claims } = provider;
      provider.claims = (original, isRefresh) => {
        const { iat, ...others } = claims(original, isRefresh);
        return { ...others, iat: Number(iat) + 360 };
      };
    },
  },
  {
    title: "A3: an error without a state",
    prepare: ({ behaviours }) =>
      behaviours.set("/authorize", redirectWith("?error=invalid_request")),
  },
  {
    title: "A3: a response in the fragment",
    prepare: ({ behaviours }) =>
      behaviours.set("/authorize", (request) =>
        redirectWith(`#code=abc&state=${request.query.get("state")}`)(request, {}),
      ),
  },
  {
    title: "A3: no parameters at all",
    prepare: ({ behaviours }) => behaviours.set("/authorize", redirectWith("")),
  },
  {
    title: "A5: a refresh that is refused with interaction_required",
    signedIn: true,
    prepare: (provider) => refuse(provider, "interaction_required"),
  },
  {
    title: "A5: a refresh that is refused with unauthorized_client",
    signedIn: true,
    prepare: (provider) => refuse(provider, "unauthorized_client"),
  },
  {
    title: "A6: a refresh that is refused without an OAuth error",
    signedIn: true,
    prepare: (provider) =>
      refuseRefresh(provider, () => ({
        status: 400,
        body: { status: 400, message: "Invalid refresh token" },
      })),
  },
  {
    title: "A6: a refresh that is refused by an empty 401",
    signedIn: true,
    prepare: (provider) => refuseRefresh(provider, () => ({ status: 401 })),
  },
  {
    title:
      "A7: a token endpoint that returns 404, and metadata that names another one that returns 404",
    signedIn: true,
    // A moved endpoint costs one request to the old address, and up to three requests for metadata.
    limit: 14,
    prepare: (provider) => {
      provider.behaviours.set("/token", () => ({ status: 404 }));
      provider.metadata = (document) => ({
        ...document,
        token_endpoint: `${provider.issuer}/moved/token`,
      });
    },
  },
  {
    title: "A9: an API that returns 401 for every token",
    signedIn: true,
    app: { asks: "api" },
    // No token expires within the hour.
    before: tokens({ expires_in: 7_200 }),
    prepare: () => {},
  },
  {
    title: "A10: a token endpoint that returns 503",
    signedIn: true,
    prepare: ({ behaviours }) => behaviours.set("/token", () => ({ status: 503 })),
    check: expectBackOff,
    tooMany: 250,
  },
  {
    title: "A10: a server that closes every connection",
    signedIn: true,
    prepare: ({ behaviours }) => {
      for (const path of ["/token", "/authorize", "/jwks", "/.well-known/openid-configuration"]) {
        behaviours.set(path, () => "cut");
      }
    },
    check: expectBackOff,
    tooMany: 250,
  },
  {
    title: "A13: a user who goes back from the login page",
    prepare: ({ behaviours }) => behaviours.set("/authorize", loginPageLeft),
  },
];

/** A server at which every request succeeds. A token lives for five minutes. */
export const CALM: Scenario = {
  title: "a server that works, and tokens that live for five minutes",
  signedIn: true,
  before: tokens({ expires_in: 300 }),
  prepare: () => {},
  limit: 14,
};

const MINUTE_MS = 60_000;

/** Expects at most 6 token requests in the first 30 s, then at most 3 in any minute, and no more other requests than these. */
function expectBackOff({ requests }: Hour): void {
  const times = requests.filter(({ what }) => what === "POST /token").map(({ atMs }) => atMs);
  const first = times[0] ?? 0;
  const inFirst30s = times.filter((at) => at - first < 30_000).length;
  expect(inFirst30s, "token requests in the first 30 s").toBeLessThanOrEqual(6);
  const later = times.filter((at) => at - first >= 30_000);
  const perMinute = later.map(
    (from) => later.filter((at) => at >= from && at < from + MINUTE_MS).length,
  );
  expect(Math.max(0, ...perMinute), "token requests in a minute").toBeLessThanOrEqual(3);
  expect(requests.length - times.length, "other requests").toBeLessThanOrEqual(
    Math.max(10, times.length),
  );
}
