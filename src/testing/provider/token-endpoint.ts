import { GRANT_TYPES } from "./endpoints.ts";
import { json, parametersOf, RefusedRequest } from "./http.ts";
import type { FakeClient } from "./provider-config.ts";
import { clientOf, scopesIn, type ProviderParts } from "./provider-parts.ts";
import { base64urlHash } from "./signing-keys.ts";
import { issueTokens, type FakeTokenResponse } from "./token-response.ts";

type TokenGrant = (
  parts: ProviderParts,
  client: FakeClient,
  form: URLSearchParams,
) => Promise<FakeTokenResponse>;

const GRANTS: Readonly<Record<string, TokenGrant>> = {
  [GRANT_TYPES.code]: exchangeCode,
  [GRANT_TYPES.refresh]: refresh,
  [GRANT_TYPES.device]: pollDevice,
  [GRANT_TYPES.client]: clientCredentials,
};

/**
 * Responds to a token request.
 * @throws RefusedRequest the client, the grant or a parameter is wrong
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-3.2
 */
export async function tokenEndpoint(parts: ProviderParts, request: Request): Promise<Response> {
  const form = await parametersOf(request);
  const client = authenticate(parts, request, form);
  const type = form.get("grant_type") ?? "";
  if (!Object.hasOwn(GRANTS, type)) {
    const known = Object.keys(GRANTS).join(", ");
    throw new RefusedRequest("unsupported_grant_type", `The fake provider knows ${known}.`);
  }
  return json(await GRANTS[type]!(parts, client, form));
}

/**
 * Returns the client of a request. A client with a secret must send the secret, in the form or as Basic authentication.
 * @throws RefusedRequest the client is unknown, or the secret is missing or wrong
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
 */
export function authenticate(
  parts: ProviderParts,
  { headers }: Request,
  form: URLSearchParams,
): FakeClient {
  const basic = /^Basic (.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  const [id, secret] =
    basic === undefined ? [form.get("client_id"), form.get("client_secret")] : decodeBasic(basic);
  const client = clientOf(parts, id ?? null);
  if (client.clientSecret === undefined || client.clientSecret === secret) return client;
  throw new RefusedRequest("invalid_client", "The client secret is missing or wrong.", 401);
}

/** Decodes the client id and the secret. @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 */
function decodeBasic(credentials: string): string[] {
  const formDecode = (text: string) => new URLSearchParams(`x=${text}`).get("x") ?? "";
  try {
    return atob(credentials).split(":").map(formDecode);
  } catch {
    throw new RefusedRequest("invalid_client", "The Basic authentication is malformed.", 401);
  }
}

async function exchangeCode(
  parts: ProviderParts,
  { clientId }: FakeClient,
  form: URLSearchParams,
): Promise<FakeTokenResponse> {
  const { grants, config } = parts;
  const pending = grants.takeCode(form.get("code") ?? "");
  if (!pending || pending.expiresAt <= config.clock.now())
    throw invalidGrant("The code is unknown, used or expired.");
  if (pending.login.clientId !== clientId) throw invalidGrant("Another client has got the code.");
  if (pending.redirectUri !== form.get("redirect_uri"))
    throw invalidGrant("`redirect_uri` differs from the authorization request.");
  if ((await base64urlHash(form.get("code_verifier") ?? "")) !== pending.challenge)
    throw invalidGrant("`code_verifier` does not match `code_challenge` (S256).");
  return issueTokens(parts, pending.family, { ...apis(form), isLogin: true });
}

async function refresh(
  parts: ProviderParts,
  { clientId }: FakeClient,
  form: URLSearchParams,
): Promise<FakeTokenResponse> {
  const { grants, config } = parts;
  const token = form.get("refresh_token") ?? "";
  const family = grants.familyOf(token);
  const refusal = invalidGrant("The refresh token is unknown, revoked, or was used before.");
  if (!family || family.isEnded || family.login.clientId !== clientId) throw refusal;
  const scope = scopesIn(form);
  if (!scope.every((name) => family.login.scope.includes(name)))
    throw new RefusedRequest("invalid_scope", "The login has not requested this scope.");
  if (!grants.useRefreshToken(family, token, config.clock.now(), config.reuseLeewayMs))
    throw refusal;
  return issueTokens(parts, family, { ...apis(form), ...(scope.length > 0 && { scope }) });
}

async function pollDevice(
  parts: ProviderParts,
  { clientId }: FakeClient,
  form: URLSearchParams,
): Promise<FakeTokenResponse> {
  const now = parts.config.clock.now();
  const login = parts.devices.poll(form.get("device_code") ?? "", clientId, now);
  return issueTokens(parts, parts.grants.open(login), { ...apis(form), isLogin: true });
}

async function clientCredentials(
  parts: ProviderParts,
  { clientId, clientSecret }: FakeClient,
  form: URLSearchParams,
): Promise<FakeTokenResponse> {
  if (clientSecret === undefined)
    throw new RefusedRequest("unauthorized_client", "A client without a secret needs a user.");
  const now = parts.config.clock.now();
  const scope = scopesIn(form).filter((name) => !/^(openid|offline_access)$/.test(name));
  const login = { sub: undefined, clientId, scope, resources: [], authTime: now / 1_000 };
  return issueTokens(parts, parts.grants.open(login), apis(form));
}

/** Returns the APIs that a request names. @see https://www.rfc-editor.org/rfc/rfc8707#section-2.2 */
function apis(form: URLSearchParams): { readonly resources?: readonly string[] } {
  const resources = [...form.getAll("resource"), ...form.getAll("audience")];
  return resources.length > 0 ? { resources } : {};
}

function invalidGrant(description: string): RefusedRequest {
  return new RefusedRequest("invalid_grant", description);
}
