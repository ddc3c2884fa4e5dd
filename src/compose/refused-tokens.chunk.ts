import { LocalStoragePauses } from "../browser/storage/local-storage-pauses.ts";
import { systemClock } from "../browser/page/system-clock.ts";
import { RefusedTokens } from "../fetch/refused-tokens.ts";

/** With pauses that all tabs of the origin share. Loaded with the first 401 of an API. */
export function createRefusedTokens(): RefusedTokens {
  return new RefusedTokens(new LocalStoragePauses(), systemClock);
}
