import { metadataOf, urlOf, type FakeEndpoint } from "./endpoints.ts";
import { authorizationEndpoint } from "./authorization-endpoint.ts";
import { DEVICE_LIFETIME_S } from "./device-logins.ts";
import {
  bearerOf,
  empty,
  json,
  link,
  page,
  parametersOf,
  redirect,
  RefusedRequest,
} from "./http.ts";
import { clientOf, findUser, hintClaims, scopesIn, type ProviderParts } from "./provider-parts.ts";
import { authenticate, tokenEndpoint } from "./token-endpoint.ts";
import { claimsFor } from "./token-response.ts";

type Handler = (parts: ProviderParts, request: Request) => Response | Promise<Response>;

/** The handler of each endpoint. A handler throws `RefusedRequest` for a wrong request. */
export const HANDLERS: Readonly<Record<FakeEndpoint, Handler>> = {
  metadata: ({ config }) => json(metadataOf(config.issuer)),
  keys: async ({ keys }) => json(await keys.jwks()),
  authorization: authorizationEndpoint,
  token: tokenEndpoint,
  userinfo,
  device,
  verification,
  revocation,
  endSession,
};

/** @see https://openid.net/specs/openid-connect-core-1_0.html#UserInfo */
function userinfo(parts: ProviderParts, request: Request): Response {
  const login = parts.grants.loginOf(bearerOf(request) ?? "", parts.config.clock.now());
  const user = findUser(parts, login?.sub ?? null);
  if (!login || !user)
    throw new RefusedRequest("invalid_token", "The access token is missing or not valid.", 401);
  return json(claimsFor(user, login.scope));
}

/** @see https://www.rfc-editor.org/rfc/rfc8628#section-3.1 */
async function device(parts: ProviderParts, request: Request): Promise<Response> {
  const form = await parametersOf(request);
  const { clientId } = authenticate(parts, request, form);
  const { issuer, clock, deviceIntervalS } = parts.config;
  const { deviceCode, userCode } = parts.devices.add({
    clientId,
    scope: scopesIn(form),
    resources: [...form.getAll("resource"), ...form.getAll("audience")],
    expiresAt: clock.now() + DEVICE_LIFETIME_S * 1_000,
  });
  const verificationUri = urlOf(issuer, "verification");
  return json({
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: verificationUri,
    verification_uri_complete: `${verificationUri}?user_code=${userCode}`,
    expires_in: DEVICE_LIFETIME_S,
    interval: deviceIntervalS,
  });
}

/** The page on which a user approves a device login. Each of its links decides. */
function verification({ devices, browser }: ProviderParts, { url }: Request): Response {
  const query = new URL(url).searchParams;
  const userCode = query.get("user_code");
  const decision = query.get("decision");
  if (userCode === null) return page("Device login", ["Open this page with ?user_code=…"]);
  if (decision === null) {
    const to = (name: string) => `?user_code=${encodeURIComponent(userCode)}&decision=${name}`;
    return page("Device login", [link("Approve", to("approve")), link("Deny", to("deny"))]);
  }
  try {
    devices.decide(userCode, decision === "approve" ? { sub: browser.next } : "denied");
  } catch (error) {
    throw new RefusedRequest("invalid_request", (error as Error).message);
  }
  return page("Device login", [decision === "approve" ? "Approved." : "Denied."]);
}

/** @see https://www.rfc-editor.org/rfc/rfc7009 */
async function revocation(parts: ProviderParts, request: Request): Promise<Response> {
  const form = await parametersOf(request);
  const { clientId } = authenticate(parts, request, form);
  if (!parts.grants.revoke(form.get("token") ?? "", clientId))
    throw new RefusedRequest("invalid_grant", "The token was issued to another client.");
  return empty(200);
}

/** @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html */
async function endSession(parts: ProviderParts, request: Request): Promise<Response> {
  const query = await parametersOf(request);
  parts.browser.sub = undefined;
  const target = query.get("post_logout_redirect_uri");
  if (target === null) return page("Logged out", ["You are logged out."]);
  const [hinted] = [hintClaims(query).aud].flat();
  const clientId = query.get("client_id") ?? hinted ?? parts.config.clients[0]!.clientId;
  const { postLogoutRedirectUris: known } = clientOf(parts, clientId);
  if (known ? !known.includes(target) : !URL.canParse(target)) {
    throw new RefusedRequest(
      "invalid_request",
      `\`post_logout_redirect_uri\` is not registered. ${known ? `The client has ${known.join(", ")}.` : ""}`,
    );
  }
  return redirect(target, { state: query.get("state") ?? undefined });
}
