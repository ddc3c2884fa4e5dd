import type { ClientKey } from "../core/keys.ts";

/*
 * The names that `browser` uses. They are repeated here, because a shared module would add 0.1 kB to each page. A test in Chromium
 * compares what `signedInState()` returns with what a page stores.
 */

/** The name of Latchkey's IndexedDB database. */
export const DATABASE = "latchkey";
/** The name of the object store that contains all entries of the database. */
export const ENTRIES = "entries/2";

/** Returns the name of the channel between the tabs of a client. */
export function channelName(client: ClientKey): string {
  return `latchkey/2/${client}`;
}
