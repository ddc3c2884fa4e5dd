import { abortable } from "../core/abortable.ts";
import { isTemporary } from "../core/server-responses.ts";
import { UserFetchError } from "../core/user-fetch-error.ts";
import { parseObject } from "../core/shape.ts";
import { checkParties } from "./id-token/claims.ts";
import { verifySignature } from "./id-token/verify.ts";
import { request } from "./token/form-request.ts";
import type { ServerParts } from "./context.ts";

const NAME = "userinfo endpoint";

/**
 * Requests the claims about the user of `accessToken` from the userinfo endpoint. Returns the claims.
 * @throws DiscoveryError the userinfo endpoint in the metadata is not an https URL
 * @throws UserFetchError the server has no userinfo endpoint, refused the request, or sent an invalid response
 * @throws NetworkError no response
 * @see https://openid.net/specs/openid-connect-core-1_0.html#UserInfo
 */
export async function fetchUserinfo(
  parts: ServerParts,
  accessToken: string,
  signal: AbortSignal | undefined,
): Promise<Record<string, unknown>> {
  const userinfoEndpoint = await abortable(parts.loadEndpoint("userinfoEndpoint"), signal);
  if (!userinfoEndpoint) {
    throw new UserFetchError(`the server has no ${NAME}`, {
      hint: "Configure endpoints.userinfoEndpoint, or a UserFetcher that calls another API.",
    });
  }
  const headers = {
    Accept: "application/json, application/jwt",
    Authorization: `Bearer ${accessToken}`,
  };
  const { status, text } = await request(
    NAME,
    userinfoEndpoint,
    { cache: "no-store", headers },
    parts.client(signal),
  );
  if (status !== 200) {
    throw new UserFetchError(`the ${NAME} responded ${status}`, {
      hint: "The access token must be valid and have the scope openid.",
      status,
      retryable: isTemporary("userinfo", { status }),
    });
  }
  const claims = parseObject(text) ?? (await verifiedClaims(parts, text, signal));
  if (claims) return claims;
  throw new UserFetchError(`the ${NAME}'s response is neither a JSON object nor a signed JWT`, {
    hint: "Register the client for userinfo responses that are not encrypted.",
    status,
  });
}

/**
 * Returns the claims of a signed response. Returns undefined if the response is no signed JWT.
 * @throws IdTokenError the signature, the issuer or the audience is not valid
 * @see https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse
 */
async function verifiedClaims(
  parts: ServerParts,
  text: string,
  signal: AbortSignal | undefined,
): Promise<Record<string, unknown> | undefined> {
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return undefined;
  const verifier = await abortable(parts.loadVerifier(), signal);
  if (!verifier) return undefined;
  const { issuer, clientId, keys } = verifier;
  const { claims } = await verifySignature(text, { keys });
  checkParties({ iss: issuer, aud: clientId, ...claims }, issuer, clientId);
  return claims;
}
