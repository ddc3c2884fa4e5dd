import type { TokenRecord } from "../../core/session.ts";
import type { Jwk, KeySet } from "./key-set.ts";
import type { ServerParts } from "../context.ts";
import { IdTokenError } from "../../core/protocol-errors.ts";
import type { IdTokenValidation, GrantedResponse, RefreshResponse } from "../../core/refresher.ts";
import {
  checkArrival,
  checkRefresh,
  mismatch,
  type PreviousSignIn,
  type RefreshExpectation,
  payloadOf,
} from "./claims.ts";
import { verifyRefreshedIdToken, type Verifier, checkHeader } from "./verify.ts";

/**
 * Validates the signature and the claims of a stored ID token.
 * - With `fetched`, missing or old server keys are fetched first.
 * - With `cached`, the result has the type `unknown` if no keys are cached. Keys are fetched only if the signature does not
 *   match the cached keys.
 */
export async function verifyStored(
  parts: Pick<ServerParts, "loadVerifier" | "verifierAtHand">,
  record: TokenRecord,
  keys: "cached" | "fetched",
): Promise<IdTokenValidation> {
  if (keys === "fetched") return validationOf(record, parts.loadVerifier);
  const verifier = await parts.verifierAtHand();
  const cached = await verifier?.keys.cached();
  if (!verifier || !cached) return { type: "unknown" };
  const validation = await validationOf(record, async () => ({ ...verifier, keys: only(cached) }));
  if (validation.type !== "invalid" || validation.claim !== "signature") return validation;
  // The server might have replaced a key, so the ID token is validated again with the keys that the server now publishes.
  const newer = await validationOf(record, parts.loadVerifier);
  return newer.type === "unknown" ? validation : newer;
}

async function validationOf(
  record: TokenRecord,
  load: () => Promise<Verifier | undefined>,
): Promise<IdTokenValidation> {
  const { idToken, user, authTime } = record;
  const asBefore = { type: "valid", user, authTime } as const;
  if (!idToken) return asBefore;
  try {
    const verifier = await load();
    if (!verifier) return asBefore;
    const verified = await verifyRefreshedIdToken(idToken, verifier, record);
    return { type: "valid", user: verified.user, authTime: verified.authTime ?? authTime };
  } catch (error) {
    return error instanceof IdTokenError && !error.retryable
      ? { type: "invalid", claim: error.claim }
      : { type: "unknown" };
  }
}

/** Returns a key set that contains only `keys` and never fetches keys. */
function only(keys: readonly Jwk[]): KeySet {
  return {
    get: async () => ({ keys, fresh: true }),
    refetch: () => undefined,
    cached: async () => keys,
  };
}

/** The values against which `validateRefreshed()` validates the ID token of a refresh. */
export interface Arrival extends RefreshExpectation {
  readonly previous: PreviousSignIn & { readonly idToken?: string };
  /** The time when the response arrived. Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Validates the header and the claims of an ID token that a refresh returned. The signature is not validated here, because the
 * server's keys might not be loaded. If the ID token is not valid, the result has the type `invalid_id_token`, and the caller
 * must revoke the new refresh token.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse
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
