import { abortable } from "../../core/abortable.ts";
import type { TokenParameters, TokenRequestOptions } from "../../core/authorization-server.ts";
import { isAuthError, NetworkError } from "../../core/errors.ts";
import { IdTokenError } from "../../core/protocol-errors.ts";
import { tokenSet, type TokenSet } from "../../core/token-set.ts";
import { checkEndpoint } from "../configured-metadata.ts";
import type { ServerParts } from "../context.ts";
import { verifyGrantedIdToken } from "../id-token/verify.ts";
import { MAX_LIFETIME_S } from "./token-response.ts";

const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";
/** Names of parameters whose values are not secret. In errors, Latchkey redacts the values of all other parameters. */
const PUBLIC = /_type|^(client_id|username|scope|resource|audience|redirect_uri)$/;
/**
 * Sends one token request of any grant type. Returns the tokens. If the ID token of a refresh cannot be validated now, the
 * result has no `idToken` and no `user`.
 * @throws ConfigurationError `tokenEndpoint` is not an https URL
 * @throws DiscoveryError the `jwks_uri` in the metadata is not an https URL
 * @throws RequestTokenError the server refused the request, or sent an invalid response
 * @throws IdTokenError the ID token is not valid, or cannot be validated now; the code or token in the request might no longer
 * be valid
 * @throws NetworkError no response came, or the request was not sent
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.5
 */
export async function requestGrant(
  parts: ServerParts,
  parameters: TokenParameters,
  { tokenEndpoint: other, scope: assumed, signal }: TokenRequestOptions,
): Promise<TokenSet> {
  if (other !== undefined) checkEndpoint("tokenEndpoint", other);
  // Metadata, keys and credentials are loaded before the request is sent. If loading failed after the request, a new refresh
  // token would be lost.
  const own = await abortable(parts.loadTokenParameters(), signal);
  const metadata = await abortable(parts.loadMetadata(), signal);
  const { grant_type: grantType } = parameters;
  const hasIdTokens =
    grantType !== "client_credentials" &&
    (await abortable(parts.loadEndpoint("jwksUri"), signal)) !== undefined;
  const loaded = Promise.all([
    hasIdTokens ? parts.loadVerifier().catch(rejectUnsent) : undefined,
    parts.getCredentials(),
  ]);
  const [trusted, credentials] = await abortable(loaded, signal);
  const isForUser = grantType === DEVICE;
  const { idToken, scope, refreshToken, ...tokens } = await parts.requestTokens(
    {
      url: other ?? metadata.tokenEndpoint,
      own,
      parameters,
      secrets: secretsOf(parameters),
      credentials,
      ...(isForUser && !trusted && { defaultLifetimeS: MAX_LIFETIME_S }),
    },
    signal,
  );
  const granted = {
    ...tokens,
    scope: scope ?? assumed ?? asked(parameters["scope"]),
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
    throw new IdTokenError("signature", "the key of the ID token is not available now", {
      hint: "The server has already used the sent code or token, so start again. Check that the server's jwks_uri responds.",
      cause: error,
      retryable: true,
    });
  }
}

/** Throws a `NetworkError` instead of an `IdTokenError`. An `IdTokenError` would mean that the token request was sent. */
function rejectUnsent(error: unknown): never {
  throw error instanceof IdTokenError
    ? new NetworkError(
        "the token request was not sent, because the server's keys (JWKS) cannot be fetched",
        error,
      )
    : error;
}

function asked(scope: TokenParameters[string]): readonly string[] {
  return [scope ?? []].flat().flatMap((one) => one.split(" ").filter(Boolean));
}

function secretsOf(parameters: TokenParameters): string[] {
  return Object.entries(parameters)
    .filter(([name]) => !PUBLIC.test(name))
    .flatMap(([, value]) => value ?? []);
}
