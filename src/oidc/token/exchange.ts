import type { OwnParameters } from "../../core/authorization-parameters.ts";
import { abortable } from "../../core/abortable.ts";
import { chunk } from "../../core/lazy.ts";
import { validatedTokenSet, type TokenSet } from "../../core/token-set.ts";
import type { SettledRequest } from "../authorize/authorize.ts";
import type { Credentials } from "./form-request.ts";
import { MAX_LIFETIME_S } from "./token-response.ts";
import type { ServerParts } from "../context.ts";
import { verifyIdToken, type Verifier } from "../id-token/verify.ts";
import { withoutHint, ofLogin } from "../../core/auth-error.ts";
import { isAuthError, NetworkError } from "../../core/errors.ts";
import { IdTokenError, RequestTokenError } from "../../core/protocol-errors.ts";

/**
 * Validates an authorization response, exchanges the code once and validates the ID token. Returns the tokens.
 * @throws InvalidResponseError the response does not match a pending request
 * @throws AuthorizationError the server refused the authorization request
 * @throws RequestTokenError the server refused the code, or sent no tokens; never retryable, because Latchkey sends a code only
 * once
 * @throws IdTokenError the ID token is missing or not valid
 * @throws NetworkError no response; retryable only if the code was not sent
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3
 * @see https://www.rfc-editor.org/rfc/rfc7636#section-4.5
 */
export async function exchangeResponse(
  parts: ServerParts,
  response: string,
  signal: AbortSignal | undefined,
): Promise<TokenSet> {
  const { clientId, requests, clock } = parts.config;
  // Everything is loaded before the pending request is removed. If loading fails, the caller can exchange the same response
  // later.
  const own = await abortable(parts.loadTokenParameters(), signal);
  const loaded = Promise.all([
    parts.loadAuthorize(),
    parts.loadMetadata(),
    parts.loadVerifier(),
    parts.getCredentials(),
  ]);
  const [{ readAuthorizationResponse }, metadata, trusted, credentials] = await abortable(
    loaded,
    signal,
  );
  const here = { metadata, clientId, requests, clock };
  const request = await readAuthorizationResponse(response, here);
  const loadedParts = { tokenEndpoint: metadata.tokenEndpoint, trusted, credentials, own };
  return redeem(parts, request, loadedParts, signal).catch((error: unknown) => {
    throw ofLogin(afterCode(error), request);
  });
}

async function redeem(
  parts: ServerParts,
  request: SettledRequest,
  {
    tokenEndpoint,
    trusted,
    credentials,
    own,
  }: {
    tokenEndpoint: string;
    trusted: Verifier | undefined;
    credentials: Credentials;
    own: OwnParameters | undefined;
  },
  signal: AbortSignal | undefined,
): Promise<TokenSet> {
  const {
    code,
    codeVerifier,
    redirectUri,
    resource,
    audience,
    targetScope,
    user: wanted,
    prompt,
    returnTo,
  } = request;
  const { idToken, scope, refreshToken, ...tokens } = await parts.requestTokens(
    {
      url: tokenEndpoint,
      own,
      parameters: {
        grant_type: "authorization_code",
        code,
        code_verifier: codeVerifier,
        redirect_uri: redirectUri,
        resource,
        audience,
      },
      secrets: [code, codeVerifier],
      credentials,
      // Some servers without OpenID Connect send no `expires_in`, because their tokens never expire.
      ...(!trusted && { defaultLifetimeS: MAX_LIFETIME_S }),
    },
    signal,
  );
  const refuse = (error: unknown): never => {
    if (refreshToken !== undefined) revokeUnused(parts, refreshToken);
    throw error;
  };
  const granted = {
    ...tokens,
    scope: scope ?? request.scope,
    asked: { resource, audience, scope: targetScope, user: wanted, prompt },
    ...(request.resources && { resources: request.resources }),
    ...(refreshToken && { refreshToken }),
    ...(returnTo !== undefined && { returnTo }),
  };
  if (!trusted) return validatedTokenSet(granted);
  if (!idToken) {
    return refuse(
      new IdTokenError("id_token", "the token response has no ID token", {
        hint: "Allow this client the scope `openid` at the server.",
      }),
    );
  }
  const { accessToken } = tokens;
  const now = parts.config.clock.now();
  const expected = { ...request, accessToken, requestedAt: request.createdAt, now };
  const verified = verifyIdToken(idToken, trusted, expected);
  const { user, authTime } = await abortable(verified, signal).catch(refuse);
  return validatedTokenSet({
    ...granted,
    idToken,
    user,
    ...(authTime !== undefined && { authTime }),
  });
}

/** Revokes the refresh token of a refused login in the background. No session has this token, so a logout would not revoke it. */
function revokeUnused(parts: ServerParts, refreshToken: string): void {
  chunk(import("../logout.ts"))
    .then(({ revokeToken }) => revokeToken(parts, refreshToken, undefined))
    .catch(() => {});
}

const HINT = "Latchkey sends an authorization code only once. Start a new login: call login().";

/** Returns the error of a code exchange as an error that is not retryable, because Latchkey sends a code only once. */
export function afterCode(error: unknown): unknown {
  if (!isAuthError(error) || !error.retryable) return error;
  const details = { hint: HINT, retryable: false };
  if (error instanceof RequestTokenError) {
    const { error: serverError, errorDescription, errorUri, status, retryAfterMs } = error;
    const facts = { error: serverError, errorDescription, errorUri, status, retryAfterMs };
    return new RequestTokenError(withoutHint(error), { ...facts, ...details });
  }
  if (error instanceof IdTokenError) {
    return new IdTokenError(
      error.claim,
      "the key that verifies the ID token is not available now",
      {
        ...details,
        cause: error,
      },
    );
  }
  const isWithheld = error instanceof NetworkError && error.isWithheld;
  const hint = isWithheld ? `${error.hint} ${HINT}` : HINT;
  return new NetworkError(withoutHint(error), undefined, hint, false, isWithheld);
}
