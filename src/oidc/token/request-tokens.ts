import { abortable } from "../../core/abortable.ts";
import type { TokenParameters, TokenRequestOptions } from "../../core/authorization-server.ts";
import { IdTokenError, isAuthError, NetworkError } from "../../core/errors.ts";
import { tokenSet, type TokenSet } from "../../core/token-set.ts";
import { checkEndpoint } from "../discovery.ts";
import type { ServerParts } from "../context.ts";
import { verifyGrantedIdToken } from "../id-token/verify.ts";
import { MAX_LIFETIME_S } from "./token-response.ts";

const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";
/** What everybody may read. Whatever else is sent may be a secret, also by a name that nobody knows. */
const PUBLIC = /_type|^(client_id|username|scope|resource|audience|redirect_uri)$/;
/** A secret that is a part of these cannot be told from them, and must not be taken out of them. */
const WORDS =
  "invalid_request invalid_client invalid_grant unauthorized_client unsupported_grant_type invalid_scope invalid_target access_denied authorization_pending slow_down expired_token server_error temporarily_unavailable";

/**
 * A token request of any grant, sent once. When the ID token of a refresh cannot be verified now, the tokens come without
 * `idToken` and `user`: the new refresh token exists once.
 * @see RFC 6749 section 4.5
 * @throws ConfigurationError the other token endpoint cannot be one
 * @throws RequestTokenError refused, or answered badly
 * @throws IdTokenError the answer's ID token must not be trusted, or cannot be verified now; what was sent is used up
 * @throws NetworkError no answer, or nothing was sent
 */
export async function requestGrant(
  parts: ServerParts,
  parameters: TokenParameters,
  { tokenEndpoint: other, signal }: TokenRequestOptions,
): Promise<TokenSet> {
  if (other !== undefined) checkEndpoint("tokenEndpoint", other);
  // All that can be had is had first: what is sent may be good for one time.
  const metadata = await abortable(parts.loadMetadata(), signal);
  const { grant_type: grantType } = parameters;
  const hasIdTokens = metadata.jwksUri !== undefined && grantType !== "client_credentials";
  const loaded = Promise.all([
    hasIdTokens ? parts.loadVerifier().catch(rejectUnsent) : undefined,
    parts.getCredentials(),
  ]);
  const [trusted, credentials] = await abortable(loaded, signal);
  const isForUser = grantType === DEVICE;
  const { idToken, scope, refreshToken, ...tokens } = await parts.requestTokens(
    {
      url: other ?? metadata.tokenEndpoint,
      parameters,
      secrets: secretsOf(parameters),
      credentials,
      ...(isForUser && !trusted && { defaultLifetimeS: MAX_LIFETIME_S }),
    },
    signal,
  );
  const granted = {
    ...tokens,
    scope: scope ?? asked(parameters["scope"]),
    ...(isForUser && parts.config.resources && { resources: parts.config.resources }),
    ...(refreshToken && { refreshToken }),
  };
  if (!idToken || !trusted) return tokenSet(granted);
  const { accessToken } = tokens;
  const expected = { accessToken, now: parts.config.clock.now() };
  const verified = verifyGrantedIdToken(idToken, trusted, expected);
  try {
    const { user, authTime } = await abortable(verified, signal);
    return tokenSet({
      ...granted,
      idToken,
      user,
      ...(authTime !== undefined && { authTime }),
    });
  } catch (error) {
    if (!isAuthError(error) || !error.retryable) throw error;
    if (grantType === "refresh_token") return tokenSet(granted);
    throw new IdTokenError("signature", "it cannot be verified now", {
      hint: "What was sent is used up: begin again. The server's jwks_uri must answer.",
      cause: error,
      retryable: true,
    });
  }
}

/** An IdTokenError says that there was an answer. */
function rejectUnsent(error: unknown): never {
  throw error instanceof IdTokenError ? new NetworkError("JWKS: no keys", error) : error;
}

function asked(scope: TokenParameters[string]): readonly string[] {
  return [scope ?? []].flat().flatMap((one) => one.split(" ").filter(Boolean));
}

function secretsOf(parameters: TokenParameters): string[] {
  return Object.entries(parameters)
    .filter(([name]) => !PUBLIC.test(name))
    .flatMap(([, value]) => value ?? [])
    .filter((secret) => !WORDS.includes(secret));
}
