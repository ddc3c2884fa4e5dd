import type { ImportedSession, SessionSource } from "./source.ts";
import { isObject, text } from "../core/shape.ts";
import { findIn, hasTypes, msOf, parseEntry, scopeOf } from "./web-storage-entries.ts";

/** Options of `auth0Session()`. */
export interface Auth0SessionConfig {
  /**
   * The `audience` that the app passes to auth0-spa-js in `authorizationParams`. Only tokens for this audience are imported.
   * Required if the cache of auth0-spa-js has tokens for several audiences.
   */
  readonly audience?: string;
  /** Returns the storage where auth0-spa-js has its cache. Default: `localStorage`. */
  readonly storage?: () => Storage;
}

const PREFIX = "@@auth0spajs@@";
const USER = "@@user@@";
/** The audience that auth0-spa-js stores for a login without an audience. */
const NO_AUDIENCE = "default";

/**
 * Creates a source for `importSession()` that finds sessions of auth0-spa-js 1 and 2. The app must have used auth0-spa-js with
 * `cacheLocation: "localstorage"`. Sessions in memory cannot be imported.
 * @see https://github.com/auth0/auth0-spa-js
 * @example
 * const client = { issuer: "https://example.eu.auth0.com/", clientId: "web" };
 * const from = auth0Session({ audience: "https://api.example.com" });
 * const { type } = await importSession({ ...client, from });
 */
export function auth0Session({
  audience,
  storage = () => localStorage,
}: Auth0SessionConfig = {}): SessionSource {
  return {
    find: ({ clientId }) =>
      findIn(storage, (store) => choose(store, entriesOf(store, clientId), clientId, audience)),
  };
}

/** Returns the cache entries of this client: a map from the storage key to the JSON text. */
function entriesOf(store: Storage, clientId: string): ReadonlyMap<string, string> {
  const own = `${PREFIX}::${clientId}`;
  return new Map(
    Array.from({ length: store.length }, (_, i) => store.key(i) ?? "")
      .filter((key) => key === own || key.startsWith(`${own}::`))
      .map((key) => [key, store.getItem(key) ?? ""]),
  );
}

function choose(
  store: Storage,
  entries: ReadonlyMap<string, string>,
  clientId: string,
  audience: string | undefined,
): ImportedSession | undefined {
  const userKey = `${PREFIX}::${clientId}::${USER}`;
  const isTokens = (key: string) => key !== `${PREFIX}::${clientId}` && key !== userKey;
  const all = [...entries].filter(([key]) => isTokens(key)).map(([, json]) => parseTokens(json));
  const whole = all.filter((tokens) => tokens !== undefined);
  if (all.length > 0 && whole.length === 0) return { type: "malformed" };
  const wanted = whole.filter((tokens) => audience === undefined || tokens.audience === audience);
  if (new Set(wanted.map((tokens) => tokens.audience)).size > 1) return { type: "ambiguous" };
  // Only the first entry after this sort is imported. Entries with a refresh token come first. Entries that expire later come
  // before entries that expire earlier.
  const [best] = wanted.sort(
    (a, b) =>
      Number(b.refreshToken !== undefined) - Number(a.refreshToken !== undefined) ||
      (b.expiresAt ?? 0) - (a.expiresAt ?? 0),
  );
  if (!best) return undefined;
  const { audience: _, idToken, ...tokens } = best;
  const user = parseEntry(entries.get(userKey) ?? "", { id_token: "string" });
  return {
    type: "found",
    tokens: { ...tokens, idToken: text(user?.id_token) ?? idToken },
    // All entries are removed, because several entries can contain the same refresh token.
    remove: () => {
      for (const [key, json] of entries) if (store.getItem(key) === json) store.removeItem(key);
    },
  };
}

function parseTokens(json: string) {
  const entry = parseEntry(json, { body: "object", expiresAt: "number" });
  const body = entry?.body;
  const isWhole =
    isObject(body) &&
    hasTypes(body, {
      access_token: "string",
      refresh_token: "string",
      id_token: "string",
      token_type: "string",
      audience: "string",
      scope: "string",
      oauthTokenScope: "string",
    });
  if (!isWhole) return undefined;
  const member = (name: string) => text(Reflect.get(body, name));
  // auth0-spa-js removes an expired access token from the entry, but leaves the refresh token there.
  const [accessToken, refreshToken] = [member("access_token"), member("refresh_token")];
  if (!accessToken && !refreshToken) return undefined;
  return {
    audience: member("audience") ?? NO_AUDIENCE,
    accessToken,
    refreshToken,
    tokenType: member("token_type"),
    expiresAt: msOf(entry?.expiresAt),
    scope: scopeOf(member("oauthTokenScope") ?? member("scope")),
    // auth0-spa-js before version 2.0.4 stores the ID token in the same entry as the access token.
    idToken: member("id_token"),
  };
}
