import type { ImportedSession, SessionSource } from "./source.ts";
import { isObject, text } from "../core/shape.ts";
import { findIn, hasTypes, msOf, parseEntry, scopeOf } from "./web-storage-entries.ts";

/** Options of `auth0Session()`. */
export interface Auth0SessionConfig {
  /**
   * The `audience` of auth0-spa-js's `authorizationParams`. Required when its cache has tokens for several audiences: the token
   * of this audience becomes the default token.
   */
  readonly audience?: string;
  /** The storage of auth0-spa-js's cache. Default: `localStorage`. */
  readonly storage?: () => Storage;
}

const PREFIX = "@@auth0spajs@@";
const USER = "@@user@@";
/** auth0-spa-js's name for the audience of a login without an audience. */
const NO_AUDIENCE = "default";

/**
 * A source for `importSession()`: sessions of auth0-spa-js 1 and 2 with `cacheLocation: "localstorage"`. Its cache has one
 * entry with tokens for each audience and scope, and one entry with the ID token. Sessions of its default cache, the page's
 * memory, cannot be imported.
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

/** The entries of this client, by key. */
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
  // Entries can differ in scope. Prefer an entry with a refresh token, then the one that expires last.
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
    // Remove all entries: they can share the imported refresh token.
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
  // An expired entry has its refresh token only.
  const [accessToken, refreshToken] = [member("access_token"), member("refresh_token")];
  if (!accessToken && !refreshToken) return undefined;
  return {
    audience: member("audience") ?? NO_AUDIENCE,
    accessToken,
    refreshToken,
    tokenType: member("token_type"),
    expiresAt: msOf(entry?.expiresAt),
    scope: scopeOf(member("oauthTokenScope") ?? member("scope")),
    // Versions before 2.0.4 store the ID token here.
    idToken: member("id_token"),
  };
}
