import { IdTokenError } from "../core/protocol-errors.ts";
import type { ImportRefusal, ImportedTokens } from "./source.ts";
import type { TokenSet } from "../core/token-set.ts";
import { toUser, type User } from "../core/user.ts";
import { text } from "../core/shape.ts";
import { MAX_LIFETIME_S } from "../oidc/token/token-response.ts";
import { checkParties, type Claims, mismatch, payloadOf } from "../oidc/id-token/claims.ts";

/** The client whose session is imported, and the current time. */
export interface ImportContext {
  readonly issuer: string;
  readonly clientId: string;
  /** The current time. Milliseconds since the epoch. */
  readonly now: number;
}

/** The result of `validateImported()`. */
export type ImportValidation =
  | {
      readonly type: "tokens";
      readonly tokens: Omit<TokenSet, "user"> & { user: User };
    }
  | { readonly type: "refused"; readonly reason: ImportRefusal };

/**
 * Validates the tokens that another SDK stored.
 * - The issuer and the audience of the ID token are validated, so tokens of another server or client are not imported.
 * - The signature is not validated, because the other SDK has already validated the signature.
 * - The times of the ID token are not validated, because the ID token has often expired since the login.
 */
export function validateImported(
  imported: ImportedTokens,
  context: ImportContext,
): ImportValidation {
  const refused = (reason: ImportRefusal) => ({ type: "refused", reason }) as const;
  if ((imported.tokenType ?? "Bearer").toLowerCase() !== "bearer")
    return refused("sender_constrained");
  const claims = claimsOf(imported);
  if (!claims) return refused("malformed");
  if (!text(claims["sub"])) return refused("no_user");
  if (!isOurs(claims, imported, context)) return refused("foreign");
  const { accessToken, refreshToken, idToken, scope = [] } = imported;
  const expiresAt = accessToken ? endOf(imported, context.now) : 0;
  if (!refreshToken && expiresAt <= context.now) return refused("expired");
  const authTime = claims["auth_time"];
  return {
    type: "tokens",
    tokens: {
      // If the other SDK stored only a refresh token, `accessToken` is empty and `expiresAt` is 0. So Latchkey requests a new
      // access token before it returns a token.
      accessToken: accessToken ?? "",
      tokenType: "Bearer",
      expiresAt,
      scope,
      ...(refreshToken !== undefined && { refreshToken }),
      ...(idToken !== undefined && { idToken }),
      ...(typeof authTime === "number" && { authTime }),
      user: toUser(claims),
    },
  };
}

/**
 * Returns the claims of the ID token, or the stored claims if there is no ID token. Returns undefined if the ID token cannot be
 * decoded.
 */
function claimsOf({ idToken, claims }: ImportedTokens): Claims | undefined {
  if (idToken === undefined) return claims ?? {};
  return payloadOf(idToken);
}

/**
 * Whether the tokens belong to this issuer and client. Without an ID token, only the issuer is compared, because the storage
 * key of the other SDK already contains the client id.
 */
function isOurs(
  claims: Claims,
  { idToken }: ImportedTokens,
  { issuer, clientId }: ImportContext,
): boolean {
  try {
    if (idToken !== undefined) checkParties(claims, issuer, clientId);
    else if (claims["iss"] !== undefined && claims["iss"] !== issuer) throw mismatch("iss");
    return true;
  } catch (error) {
    if (error instanceof IdTokenError) return false;
    throw error;
  }
}

/**
 * Returns the time when the access token expires. Milliseconds since the epoch. The result is at most `MAX_LIFETIME_S` from
 * now. If the expiry is unknown and there is a refresh token, returns 0, so the access token counts as expired.
 */
function endOf({ expiresAt, refreshToken }: ImportedTokens, now: number): number {
  const latest = now + MAX_LIFETIME_S * 1_000;
  return Math.min(expiresAt ?? (refreshToken ? 0 : latest), latest);
}
