import type { ImportedSession, SessionSource } from "./source.ts";
import {
  findIn,
  hasTypes,
  isObject,
  msOf,
  parseEntry,
  scopeOf,
  text,
} from "./web-storage-entries.ts";

export interface Auth0SessionConfig {
  /** As its `authorizationParams` say it. Needed when there are tokens for several: this one becomes the usual token. */
  readonly audience?: string;
  /** Where its cache is, when that is not localStorage. */
  readonly storage?: () => Storage;
}

const PREFIX = "@@auth0spajs@@";
const USER = "@@user@@";
/** What it calls the audience of a login that named none. */
const NO_AUDIENCE = "default";

/**
 * What auth0-spa-js (2, and 1) left with `cacheLocation: "localstorage"`: an entry with tokens for each audience and scope,
 * and one with the ID token. Its default cache is the page's memory, of which nothing is left.
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

/** Of this client, by key. */
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
  // Of the same audience and several scopes: what can be renewed, and then what lives longest.
  const [best] = wanted.sort(
    (a, b) =>
      Number(b.refreshToken !== undefined) - Number(a.refreshToken !== undefined) ||
      (b.expiresAt ?? 0) - (a.expiresAt ?? 0),
  );
  if (!best) return undefined;
  const { audience: _, idToken, ...tokens } = best;
  const user = parseEntry(entries.get(userKey) ?? "", { id_token: "string" });
  return {
    type: "left",
    tokens: { ...tokens, idToken: text(user?.id_token) ?? idToken },
    // All of them: they may share the refresh token that was taken.
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
  // Once it is over, an entry has its refresh token only.
  const [accessToken, refreshToken] = [member("access_token"), member("refresh_token")];
  if (!accessToken && !refreshToken) return undefined;
  return {
    audience: member("audience") ?? NO_AUDIENCE,
    accessToken,
    refreshToken,
    tokenType: member("token_type"),
    expiresAt: msOf(entry?.expiresAt),
    scope: scopeOf(member("oauthTokenScope") ?? member("scope")),
    // Where versions before 2.0.4 have it.
    idToken: member("id_token"),
  };
}
