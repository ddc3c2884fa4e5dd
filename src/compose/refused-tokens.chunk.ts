import { LocalStoragePauses } from "../browser/storage/local-storage-pauses.ts";
import { systemClock } from "../browser/page/system-clock.ts";
import { RefusedTokens } from "../fetch/refused-tokens.ts";

/** Creates a `RefusedTokens` whose pauses all tabs of the origin share. The chunk is loaded after the first 401 response. */
export function createRefusedTokens(): RefusedTokens {
  return new RefusedTokens(new LocalStoragePauses(), systemClock);
}
