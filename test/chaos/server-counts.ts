import type { RunningProvider } from "../../demo/server/provider.ts";

/** Counts of what the server received. */
export interface ServerCounts {
  /** Refresh requests. */
  readonly requests: number;
  /** Refresh requests with a refresh token that was sent before. */
  readonly duplicates: number;
  /** Grants that the server ended. */
  readonly revocations: number;
}

/** Counts at the server from now on. Returns a function that reads the counts. */
export function watchServer({ provider, tokenRequests }: RunningProvider): () => ServerCounts {
  let revocations = 0;
  provider.on("grant.revoked", () => revocations++);
  return () => {
    const sent = tokenRequests.refreshes.map((request) => request.sent);
    return { requests: sent.length, duplicates: sent.length - new Set(sent).size, revocations };
  };
}
