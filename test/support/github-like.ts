import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { StandardSchema } from "../../src/core/standard-schema.ts";
import type { UserClaims } from "../../src/auth/users/userinfo-fetcher.ts";

/**
 * A server of OAuth 2.0 without OpenID Connect that behaves like GitHub: no metadata, no ID tokens, commas between scopes,
 * errors with status 200, JSON only on request, `token_type` in lower case, and numeric user ids.
 * @see https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 */
export interface GitHubLike {
  readonly origin: string;
  readonly clientId: string;
  /** All received requests, such as `POST /login/oauth/access_token`. */
  readonly requests: string[];
  /** Valid access tokens. */
  readonly tokens: Set<string>;
  /** Lifetime of access tokens. Seconds. `undefined`: they do not expire, and there are no refresh tokens. */
  expiresIn: number | undefined;
  /** HTTP status of the next response of the user endpoint. */
  failUser: number | undefined;
  /** Approves the device login with this user code. */
  approve(userCode: string): void;
  close(): Promise<void>;
}

const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
/** The user that the API returns. */
export const OCTOCAT = { id: 583231, login: "octocat", name: "The Octocat", email: null };

/** The endpoints. The server has no metadata, so only its documentation names them. */
export const endpointsOf = ({ origin }: Pick<GitHubLike, "origin">) => ({
  authorizationEndpoint: `${origin}/login/oauth/authorize`,
  tokenEndpoint: `${origin}/login/oauth/access_token`,
  deviceAuthorizationEndpoint: `${origin}/login/device/code`,
  userinfoEndpoint: `${origin}/user`,
});

/** Converts the user that the API returns to claims. */
export const githubUser: StandardSchema<UserClaims & { readonly name?: string }> = {
  "~standard": {
    version: 1,
    vendor: "latchkey-test",
    validate: (value) => {
      const { id, name, login } = value as Record<string, unknown>;
      if (typeof id !== "number")
        return { issues: [{ message: "id is not a number", path: ["id"] }] };
      return { value: { sub: String(id), name: String(name ?? login) } };
    },
  },
};

/** Starts the server on a free port. */
export async function startGitHubLike(redirectUri: string): Promise<GitHubLike> {
  const codes = new Map<string, { challenge: string; redirectUri: string; scope: string }>();
  const devices = new Map<string, { userCode: string; scope: string; approved: boolean }>();
  const refreshTokens = new Map<string, string>();
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.writeHead(500).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const me: GitHubLike = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clientId: "Iv1.8a61f9b3a7aba766",
    requests: [],
    tokens: new Set(),
    expiresIn: 28_800,
    failUser: undefined,
    approve: (userCode) => {
      for (const device of devices.values()) device.approved ||= device.userCode === userCode;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", me.origin);
    me.requests.push(`${request.method} ${url.pathname}`);
    const form = new URLSearchParams(await bodyOf(request));
    const reply = (body: Record<string, unknown>, status = 200) => {
      const acceptsJson = request.headers.accept?.includes("application/json");
      response.writeHead(status, {
        "Content-Type": acceptsJson ? "application/json" : "application/x-www-form-urlencoded",
      });
      const pairs = Object.entries(body).map(([name, value]) => [name, String(value)]);
      response.end(acceptsJson ? JSON.stringify(body) : new URLSearchParams(pairs).toString());
    };
    switch (url.pathname) {
      case "/login/oauth/authorize": {
        const code = randomUUID();
        const { searchParams: query } = url;
        if (query.get("client_id") !== me.clientId || query.get("redirect_uri") !== redirectUri) {
          return void response.writeHead(404).end("Not Found");
        }
        codes.set(code, {
          challenge: query.get("code_challenge") ?? "",
          redirectUri: query.get("redirect_uri") ?? "",
          scope: query.get("scope") ?? "",
        });
        const back = new URL(redirectUri);
        back.searchParams.set("code", code);
        back.searchParams.set("state", query.get("state") ?? "");
        return void response.writeHead(302, { Location: back.href }).end();
      }
      case "/login/device/code": {
        const [deviceCode, userCode] = [randomUUID(), randomUUID().slice(0, 8)];
        devices.set(deviceCode, { userCode, scope: form.get("scope") ?? "", approved: false });
        return reply({
          device_code: deviceCode,
          user_code: userCode,
          verification_uri: `${me.origin}/login/device`,
          expires_in: 900,
          interval: 5,
        });
      }
      case "/login/oauth/access_token":
        return reply(grant(form));
      case "/user": {
        const [, token = ""] = /^Bearer (.+)$/.exec(request.headers.authorization ?? "") ?? [];
        const status = me.failUser ?? (me.tokens.has(token) ? 200 : 401);
        me.failUser = undefined;
        return reply(status === 200 ? OCTOCAT : { message: "Bad credentials" }, status);
      }
      default:
        return reply({ message: "Not Found" }, 404);
    }
  }

  function grant(form: URLSearchParams): Record<string, unknown> {
    if (form.get("client_id") !== me.clientId) return refusal("incorrect_client_credentials");
    if (form.get("grant_type") === DEVICE_GRANT) {
      const device = devices.get(form.get("device_code") ?? "");
      if (!device) return refusal("incorrect_device_code");
      if (!device.approved) return refusal("authorization_pending");
      devices.delete(form.get("device_code")!);
      return tokensFor(device.scope);
    }
    if (form.get("grant_type") === "refresh_token") {
      const scope = refreshTokens.get(form.get("refresh_token") ?? "");
      refreshTokens.delete(form.get("refresh_token") ?? "");
      return scope === undefined ? refusal("bad_refresh_token") : tokensFor(scope);
    }
    const code = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    const proof = createHash("sha256").update(form.get("code_verifier") ?? "");
    if (!code || proof.digest("base64url") !== code.challenge) {
      return refusal("bad_verification_code");
    }
    if (form.get("redirect_uri") !== code.redirectUri) return refusal("redirect_uri_mismatch");
    return tokensFor(code.scope);
  }

  function tokensFor(scope: string): Record<string, unknown> {
    const [accessToken, refreshToken] = [`ghu_${randomUUID()}`, `ghr_${randomUUID()}`];
    me.tokens.add(accessToken);
    const bare = {
      access_token: accessToken,
      scope: scope.split(" ").join(","),
      token_type: "bearer",
    };
    if (me.expiresIn === undefined) return bare;
    refreshTokens.set(refreshToken, scope);
    return {
      ...bare,
      expires_in: me.expiresIn,
      refresh_token: refreshToken,
      refresh_token_expires_in: 15_897_600,
    };
  }

  return me;
}

function refusal(error: string): Record<string, unknown> {
  return {
    error,
    error_description: `The request was refused: ${error}.`,
    error_uri: "https://docs.example/oauth",
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
}
