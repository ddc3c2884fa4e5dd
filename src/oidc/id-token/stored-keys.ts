import type { DocumentCache } from "../../core/document-cache.ts";
import { parseKeys, type Jwk, type StoredKeys } from "./key-set.ts";

/** The keys of `jwksUri` that the tabs of this browser share: one entry for each issuer, so that a moved URL leaves nothing. */
export function createStoredKeys(
  documents: DocumentCache,
  issuer: string,
  jwksUri: string,
): StoredKeys {
  const key = `keys/${issuer}`;
  return {
    async read() {
      const entry = await documents.get(key);
      const document = (entry?.document ?? {}) as Readonly<Record<string, unknown>>;
      const keys = parseKeys(document["keys"]);
      if (!entry || !keys || document["jwksUri"] !== jwksUri) return undefined;
      return { keys, readAt: entry.readAt };
    },
    async write(keys: readonly Jwk[], readAt: number) {
      await documents.update(key, () => ({ document: { jwksUri, keys }, readAt }));
    },
  };
}
