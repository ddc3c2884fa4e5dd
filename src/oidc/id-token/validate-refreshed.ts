import { IdTokenError } from "../../core/errors.ts";
import type { GrantedResponse, RefreshResponse } from "../../core/refresher.ts";
import {
  checkArrival,
  checkRefresh,
  mismatch,
  type PreviousSignIn,
  type RefreshExpectation,
} from "./claims.ts";
import { payloadOf } from "./id-token-payload.ts";
import { checkHeader } from "./signature.ts";

export interface Arrival extends RefreshExpectation {
  readonly previous: PreviousSignIn & { readonly idToken?: string };
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Validates all of a refreshed ID token that needs no key and no network, so that nothing of the response is stored or given
 * before. When a claim is wrong, the refresh token is all that is left of the response: it must be revoked.
 * @see OpenID Connect Core 1.0 section 12.2
 */
export function validateRefreshed(
  granted: GrantedResponse,
  idToken: string | undefined,
  { previous, now, ...expected }: Arrival,
): RefreshResponse {
  if (idToken === undefined) return granted;
  try {
    checkHeader(idToken, undefined);
    const claims = payloadOf(idToken);
    if (!claims) throw mismatch("payload");
    checkRefresh(claims, previous, expected);
    checkArrival(claims, previous, { now, isSame: idToken === previous.idToken });
    return granted;
  } catch (error) {
    if (!(error instanceof IdTokenError)) throw error;
    const { refreshToken } = granted.type === "tokens" ? granted.tokens : granted;
    return { type: "invalid_id_token", claim: error.claim, refreshToken };
  }
}
