import { IdTokenError } from "../../core/errors.ts";
import type { IdTokenValidation } from "../../core/refresher.ts";
import type { TokenRecord } from "../../core/session.ts";
import type { Jwk, KeySet } from "./key-set.ts";
import type { ServerParts } from "../context.ts";
import { verifyRefreshedIdToken, type Verifier } from "./verify.ts";

/** Validates the ID token of a stored session, whose claims were validated when it came. */
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
  // The server may have another key under the same name now. The cached key decides when newer ones cannot be had.
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

/** These keys and no newer ones. */
function only(keys: readonly Jwk[]): KeySet {
  return {
    get: async () => ({ keys, fresh: true }),
    refetch: () => undefined,
    cached: async () => keys,
  };
}
