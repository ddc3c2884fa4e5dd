import { abortable } from "../core/abortable.ts";
import { isTemporary } from "../core/server-responses.ts";
import { UserFetchError } from "../core/user-fetch-error.ts";
import { parseObject } from "../core/shape.ts";
import { request } from "./token/form-request.ts";
import type { ServerParts } from "./context.ts";

const NAME = "userinfo endpoint";

/**
 * Requests the claims about the user of `accessToken` from the userinfo endpoint. Returns the claims.
 * @throws UserFetchError the server has no userinfo endpoint, refused the request, or sent an invalid response
 * @throws NetworkError no response
 * @see https://openid.net/specs/openid-connect-core-1_0.html#UserInfo
 */
export async function fetchUserinfo(
  parts: ServerParts,
  accessToken: string,
  signal: AbortSignal | undefined,
): Promise<Record<string, unknown>> {
  const { userinfoEndpoint } = await abortable(parts.loadMetadata(), signal);
  if (!userinfoEndpoint) {
    throw new UserFetchError(`the server has no ${NAME}`, {
      hint: "Configure endpoints.userinfoEndpoint, or a UserFetcher that calls another API.",
    });
  }
  const headers = { Accept: "application/json", Authorization: `Bearer ${accessToken}` };
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
  const claims = parseObject(text);
  if (claims) return claims;
  throw new UserFetchError(`the ${NAME}'s response is not a JSON object`, {
    hint: "Register the client for userinfo responses that are neither signed nor encrypted.",
    status,
  });
}
