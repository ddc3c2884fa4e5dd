import { IdTokenError } from "../core/protocol-errors.ts";
import type { ImportRefusal, ImportedTokens } from "./source.ts";
import type { TokenSet } from "../core/token-set.ts";
import { toUser, type User } from "../core/user.ts";
import { text } from "../core/shape.ts";
import { MAX_LIFETIME_S } from "../oidc/token/token-response.ts";
import { checkParties, type Claims, mismatch, payloadOf } from "../oidc/id-token/claims.ts";

/** The client that imports, and the current time. */
export interface ImportContext {
  readonly issuer: string;
  readonly clientId: string;
  /** Milliseconds since the epoch. */
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
 * Validates the tokens that another SDK stored. The ID token's issuer and audience are validated, against mix-ups. Its
 * signature and times are not: the other SDK verified the ID token on arrival, and it has often expired by now. Code that can
 * write to that storage can write to Latchkey's store as well.
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
      // Without an access token `expiresAt` is 0, so the empty string is never returned to a caller.
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

/** The ID token's claims, or the stored ones without an ID token. Undefined when the ID token cannot be decoded. */
function claimsOf({ idToken, claims }: ImportedTokens): Claims | undefined {
  if (idToken === undefined) return claims ?? {};
  return payloadOf(idToken);
}

/** Without an ID token, the storage key identifies the session: the key contains the client id. */
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

/** When the access token expires. Without a stored expiry: at once if it can be refreshed, otherwise the maximum lifetime. */
function endOf({ expiresAt, refreshToken }: ImportedTokens, now: number): number {
  const latest = now + MAX_LIFETIME_S * 1_000;
  return Math.min(expiresAt ?? (refreshToken ? 0 : latest), latest);
}
