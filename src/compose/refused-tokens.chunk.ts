import { LocalStoragePauses } from "../browser/storage/local-storage-pauses.ts";
import { systemClock } from "../browser/page/system-clock.ts";
import { RefusedTokens } from "../fetch/refused-tokens.ts";

/**
 * Creates the object that decides after a 401 response whether the request is repeated with a newer token. This code is loaded
 * only after the first 401 response.
 */
export function createRefusedTokens(): RefusedTokens {
  return new RefusedTokens(new LocalStoragePauses(), systemClock);
}
