import { LocalStoragePauses } from "../browser/storage/local-storage-pauses.ts";
import { systemClock } from "../browser/page/system-clock.ts";
import { RefusedTokens } from "../fetch/refused-tokens.ts";

/**
 * Creates the object that decides after a 401 response whether a newer token is tried. All tabs of the origin share its pauses.
 * This chunk is loaded after the first 401 response.
 */
export function createRefusedTokens(): RefusedTokens {
  return new RefusedTokens(new LocalStoragePauses(), systemClock);
}
