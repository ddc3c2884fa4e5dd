import type { RunningProvider } from "../../demo/server/provider.ts";

/** What the server saw since the login. */
export interface Validation {
  /** Refresh requests. */
  readonly requests: number;
  /** Of them, those with a refresh token that was sent before. */
  readonly duplicates: number;
  /** Grants that were ended. */
  readonly revocations: number;
}

/** Counts at the server, from the provider's start on. */
export function watchServer({ provider, tokenRequests }: RunningProvider): () => Validation {
  let revocations = 0;
  provider.on("grant.revoked", () => revocations++);
  return () => {
    const sent = tokenRequests.refreshes.map((request) => request.sent);
    return { requests: sent.length, duplicates: sent.length - new Set(sent).size, revocations };
  };
}
