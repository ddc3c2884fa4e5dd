import { LocalStoragePauses } from "../browser/storage/local-storage-pauses.ts";
import { systemClock } from "../browser/page/system-clock.ts";
import { RefusedTokens } from "../fetch/refused-tokens.ts";

/**
 * Creates the object that decides whether a newer token is tried after a 401 response. After an API has refused a newer token,
 * too, no tab of the origin tries another newer token for some time. This chunk is loaded after the first 401 response.
 */
export function createRefusedTokens(): RefusedTokens {
  return new RefusedTokens(new LocalStoragePauses(), systemClock);
}
