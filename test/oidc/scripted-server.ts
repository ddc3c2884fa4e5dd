import type { IncomingMessage, ServerResponse } from "node:http";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { readAll } from "../../demo/server/body.ts";
import { CLIENT, realServer } from "./support.ts";

/** Sends an invalid response in place of `good`. */
export type ScriptedResponse = (response: ServerResponse, good: Record<string, unknown>) => void;

export interface ScriptedServer {
  readonly issuer: string;
  /** The next responses, in order. Without one, the server responds correctly. Metadata and keys are always correct. */
  readonly responses: ScriptedResponse[];
  /** The requests in the order of arrival, without those for metadata and keys. `what`: method and path. */
  readonly requests: { readonly what: string; readonly body: URLSearchParams }[];
  /** Returns the authorization response of a user who logs in. */
  signIn(authorizationUrl: string): string;
}

const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
const JWKS = { keys: [{ ...(await exportJWK(publicKey)), kid: "k1" }] };

/** Starts a real OpenID provider on this machine, whose next responses a test can replace. */
export async function scriptedServer(): Promise<ScriptedServer> {
  const responses: ScriptedResponse[] = [];
  const requests: ScriptedServer["requests"] = [];
  const nonces = new Map<string, string>();
  let refreshes = 1;

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const body = new URLSearchParams(await readAll(request));
    const path = request.url!;
    const known = { "/.well-known/openid-configuration": metadata(issuer), "/jwks": JWKS }[path];
    if (known) return sendJson(response, known);
    requests.push({ what: `${request.method} ${path}`, body });
    const good = await goodResponse(path, body);
    if (!good) return response.writeHead(404).end();
    (responses.shift() ?? sendJson)(response, good);
  };
  const goodResponse = async (path: string, body: URLSearchParams) => {
    if (path === "/userinfo") return { sub: "alice", name: "Alice" };
    if (path === "/device") return device(issuer);
    if (path !== "/token") return undefined;
    const token = { token_type: "Bearer", expires_in: 60, scope: "openid api" };
    if (body.get("grant_type") === "refresh_token") {
      refreshes += 1;
      return { ...token, access_token: `at${refreshes}`, refresh_token: `rt${refreshes}` };
    }
    const nonce = nonces.get(body.get("code") ?? "");
    const idToken = nonce !== undefined && (await signIdToken(issuer, nonce));
    return {
      ...token,
      access_token: "at1",
      refresh_token: "rt1",
      ...(idToken && { id_token: idToken }),
    };
  };
  const issuer = await realServer((request, response) => void handle(request, response));

  return {
    issuer,
    responses,
    requests,
    signIn(authorizationUrl) {
      const query = new URL(authorizationUrl).searchParams;
      const code = `SECRET-code-${nonces.size}`;
      nonces.set(code, query.get("nonce")!);
      const response = new URL(query.get("redirect_uri")!);
      response.searchParams.set("code", code);
      response.searchParams.set("state", query.get("state")!);
      return response.href;
    },
  };
}

export function sendJson(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

function metadata(issuer: string): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    userinfo_endpoint: `${issuer}/userinfo`,
    device_authorization_endpoint: `${issuer}/device`,
  };
}

function device(issuer: string): Record<string, unknown> {
  return {
    device_code: "SECRET-device",
    user_code: "ABCD-EFGH",
    verification_uri: `${issuer}/activate`,
    expires_in: 60,
    interval: 7,
  };
}

function signIdToken(issuer: string, nonce: string): Promise<string> {
  return new SignJWT({ iss: issuer, aud: CLIENT, sub: "alice", nonce })
    .setProtectedHeader({ alg: "ES256", kid: "k1" })
    .setIssuedAt()
    .setExpirationTime("1m")
    .sign(privateKey);
}
