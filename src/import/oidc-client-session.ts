import type { ImportedSession, SessionSource, ImportedTokens } from "./source.ts";
import { text } from "../core/shape.ts";
import { findIn, msOf, parseEntry, scopeOf } from "./web-storage-entries.ts";

/** Options of `oidcClientSession()`. */
export interface OidcClientSessionConfig {
  /**
   * The `authority` that the app passes to the other SDK's `UserManager`. Default: the issuer, with and without a slash at the
   * end.
   */
  readonly authority?: string;
  /** The `prefix` that the app passes to the other SDK's `WebStorageStateStore`. Default: `oidc.` */
  readonly prefix?: string;
  /**
   * Returns the storage that the other SDK's `userStore` uses. By default, the source searches `sessionStorage` first and then
   * `localStorage`.
   */
  readonly storage?: () => Storage;
}

/**
 * Creates a source for `importSession()` that finds sessions of oidc-client-ts 2 and 3 and of oidc-client-js. These SDKs store
 * a `User` as JSON under the key `oidc.user:<authority>:<client_id>`.
 * @see https://github.com/authts/oidc-client-ts
 * @example
 * const client = { issuer: "https://id.example.com", clientId: "web" };
 * const from = oidcClientSession({ storage: () => localStorage });
 * const { type } = await importSession({ ...client, from });
 */
export function oidcClientSession({
  authority,
  prefix = "oidc.",
  storage,
}: OidcClientSessionConfig = {}): SessionSource {
  return {
    find({ issuer, clientId }) {
      const authorities = authority === undefined ? [issuer, otherSlash(issuer)] : [authority];
      const keys = authorities.map((each) => `${prefix}user:${each}:${clientId}`);
      return findIn(storage, (store) => {
        const key = keys.find((key) => store.getItem(key) !== null);
        return key === undefined ? undefined : readUser(store, key);
      });
    },
  };
}

function otherSlash(issuer: string): string {
  return issuer.endsWith("/") ? issuer.slice(0, -1) : `${issuer}/`;
}

function readUser(store: Storage, key: string): ImportedSession {
  const json = store.getItem(key)!;
  const tokens = parseUser(json);
  if (!tokens) return { type: "malformed" };
  return {
    type: "found",
    tokens,
    remove: () => {
      if (store.getItem(key) === json) store.removeItem(key);
    },
  };
}

function parseUser(json: string): ImportedTokens | undefined {
  const user = parseEntry(json, {
    access_token: "string",
    refresh_token: "string",
    id_token: "string",
    token_type: "string",
    scope: "string",
    expires_at: "number",
    profile: "object",
  });
  const accessToken = text(user?.access_token);
  if (!user || !accessToken) return undefined;
  return {
    accessToken,
    tokenType: text(user.token_type),
    expiresAt: msOf(user.expires_at),
    scope: scopeOf(user.scope),
    refreshToken: text(user.refresh_token),
    idToken: text(user.id_token),
    claims: (user.profile ?? undefined) as ImportedTokens["claims"],
  };
}
