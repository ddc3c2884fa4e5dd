import { warnInDevelopment } from "../browser/page/development.ts";
import { IndexedDBDocumentCache } from "../browser/storage/indexeddb-document-cache.ts";
import { IndexedDBRequestStore } from "../browser/storage/indexeddb-request-store.ts";
import type { Database } from "../browser/storage/database.ts";
import { ConfigurationError } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";
import type { Send } from "../core/refresher.ts";
import { parseTargetKey } from "../core/token-target.ts";
import { documentMembers, metadataOf } from "../oidc/configured-metadata.ts";
import { diagnose } from "../oidc/diagnose.ts";
import { verifyStored } from "../oidc/id-token/verify-stored.ts";
import { revokeToken } from "../oidc/logout.ts";
import { checkTokenParameters } from "../core/own-parameters.ts";
import { createServerParts } from "../oidc/server-parts.ts";
import { createSender } from "../oidc/token/send-refresh-token.ts";
import type { WorkerConfig } from "./messages.ts";

/** The timeout of requests for metadata and keys. Milliseconds. */
const DISCOVERY_TIMEOUT_MS = 10_000;

/** The requests of a worker to the server. */
export interface WorkerServer {
  /** Sends refresh tokens. The caller adds `revoke`, because `revoke` also needs the session store. */
  readonly send: Omit<Send, "revoke">;
  /** Revokes a refresh token. */
  readonly revoke: (refreshToken: string, signal: AbortSignal) => Promise<void>;
}

/**
 * Creates the part of a server that a refresh needs. All its code is imported statically: some bundlers write a worker as one
 * file, and refuse `import()`.
 * @param requestMs the timeout of a token request. Milliseconds
 */
export function createWorkerServer(
  config: WorkerConfig,
  requestMs: number,
  { database, clock }: { readonly database: Database; readonly clock: Clock },
): WorkerServer {
  const server = {
    ...config,
    clock,
    requests: new IndexedDBRequestStore(database),
    documents: new IndexedDBDocumentCache(database),
    fetch: (url: string, init: RequestInit) => fetch(url, init),
    tokenTimeoutMs: requestMs,
    discoveryTimeoutMs: DISCOVERY_TIMEOUT_MS,
    diagnose,
    warn: warnInDevelopment,
  };
  const parts = createServerParts(server, {
    loadAuthorize: () => Promise.reject(noPage()),
    loadMore: () => Promise.resolve({ metadataOf, documentMembers, checkTokenParameters }),
    loadCredentials: () => Promise.reject(noPage()),
  });
  const { isOpenId, metadata } = parts;
  // A refresh is repeated after a failure, and the diagnosis would be one more request.
  const client = { ...parts.client(undefined), diagnose: undefined };
  const sender = createSender({ ...server, ...client, isOpenId, metadata });
  return {
    send: {
      async prepare() {
        await parts.loadTokenParameters();
        // Reads the stored metadata and the stored keys into memory, for the first refresh and its signature.
        await (await parts.verifierAtHand())?.keys.cached();
      },
      sync: () => sender.sync(),
      async send(record, target) {
        const { refreshToken } = record;
        if (refreshToken === undefined) return { type: "unsent" };
        return sender.send({ refreshToken, previous: record, ...parseTargetKey(target) });
      },
      verify: (record, keys) => verifyStored(parts, record, keys),
    },
    revoke: (refreshToken, signal) => revokeToken(parts, refreshToken, signal),
  };
}

function noPage(): ConfigurationError {
  return new ConfigurationError("environment", "a worker has no page", "Log in from a page.");
}
