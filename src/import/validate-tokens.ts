import { IdTokenError } from "../core/errors.ts";
import type { ImportRefusal, ImportedTokens } from "./source.ts";
import type { TokenSet } from "../core/token-set.ts";
import { toUser, type User } from "../core/user.ts";
import { checkParties, type Claims, mismatch } from "../oidc/id-token/claims.ts";
import { text } from "../oidc/encoding.ts";
import { payloadOf } from "../oidc/id-token/id-token-payload.ts";
import { MAX_LIFETIME_S } from "../oidc/token/token-response.ts";

export interface ImportContext {
  readonly issuer: string;
  readonly clientId: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export type ImportValidation =
  | {
      readonly type: "tokens";
      readonly tokens: Omit<TokenSet, "user"> & { user: User };
    }
  | { readonly type: "refused"; readonly reason: ImportRefusal };

/**
 * Judges what another SDK stored. The ID token's signature and times are not judged: it was verified when it came, is often
 * over by now, and whoever can write it there can write our own store as well. Its parties are, against mix-ups.
 */
export function validateImported(left: ImportedTokens, context: ImportContext): ImportValidation {
  const refused = (reason: ImportRefusal) => ({ type: "refused", reason }) as const;
  if ((left.tokenType ?? "Bearer").toLowerCase() !== "bearer") return refused("sender_constrained");
  const claims = claimsOf(left);
  if (!claims) return refused("malformed");
  if (!text(claims["sub"])) return refused("nobody");
  if (!isOurs(claims, left, context)) return refused("foreign");
  const { accessToken, refreshToken, idToken, scope = [] } = left;
  const expiresAt = accessToken ? endOf(left, context.now) : 0;
  if (!refreshToken && expiresAt <= context.now) return refused("expired");
  const authTime = claims["auth_time"];
  return {
    type: "tokens",
    tokens: {
      // One that is over is never given to anybody.
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

/** Undefined when there is an ID token and it is none. */
function claimsOf({ idToken, claims }: ImportedTokens): Claims | undefined {
  if (idToken === undefined) return claims ?? {};
  return payloadOf(idToken);
}

/** Without an ID token the place where it was found says so. */
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

/** When its life was not told: at once if that costs a refresh only, else as for every such answer. */
function endOf({ expiresAt, refreshToken }: ImportedTokens, now: number): number {
  const latest = now + MAX_LIFETIME_S * 1_000;
  return Math.min(expiresAt ?? (refreshToken ? 0 : latest), latest);
}
