import { abortable } from "../core/abortable.ts";
import { isTemporary } from "../core/server-responses.ts";
import { UserFetchError } from "../core/user-fetch-error.ts";
import { parseObject } from "./encoding.ts";
import { request } from "./token/http.ts";
import type { ServerParts } from "./context.ts";

const NAME = "userinfo endpoint";

/**
 * @see OpenID Connect Core 1.0 section 5.3
 * @throws UserFetchError the server has no such endpoint, refused, or answered badly
 * @throws NetworkError no answer
 */
export async function fetchUserinfo(
  parts: ServerParts,
  accessToken: string,
  signal: AbortSignal | undefined,
): Promise<Record<string, unknown>> {
  const { userinfoEndpoint } = await abortable(parts.loadMetadata(), signal);
  if (!userinfoEndpoint) {
    throw new UserFetchError(`the server has no ${NAME}`, {
      hint: "Give endpoints with a userinfoEndpoint, or a UserFetcher that asks elsewhere.",
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
    throw new UserFetchError(`the ${NAME} answered ${status}`, {
      hint: "The access token must be good, and have the scope that this endpoint wants: openid.",
      status,
      retryable: isTemporary("userinfo", { status }),
    });
  }
  const claims = parseObject(text);
  if (claims) return claims;
  throw new UserFetchError(`the ${NAME}'s answer is not a JSON object`, {
    hint: "Register the client for answers that are neither signed nor encrypted.",
    status,
  });
}
