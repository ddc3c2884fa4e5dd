import { decodeJwt } from "jose";
import { ConfigurationError } from "../core/errors.ts";
import { clientKey, defaultUserKey, sessionKey } from "../core/keys.ts";
import { profileOf } from "../core/remembered-profile.ts";
import { parseUrl } from "../core/same-origin.ts";
import type { SessionRow, TokenRecord } from "../core/session.ts";
import { DEFAULT_TARGET } from "../core/token-target.ts";
import { toUser } from "../core/user.ts";
import type { FakeProvider } from "./provider/fake-provider.ts";
import { randomText } from "./provider/grant-store.ts";
import {
  checkLoginOptions,
  LOGIN_OPTIONS,
  type FakeLoginOptions,
} from "./provider/login-options.ts";
import { refuseUnknown } from "./refuse-unknown.ts";
import { DATABASE, ENTRIES } from "./store-names.ts";

/** The options of `signedInState()`. */
export interface SignedInStateConfig extends FakeLoginOptions {
  /** The provider that issues the tokens, and later refreshes them. */
  readonly provider: FakeProvider;
  /** The origin of the app's pages, such as `http://localhost:5173`. */
  readonly origin: string;
}

/**
 * The option `storageState` of Playwright, with an IndexedDB database. Playwright reads the database from version 1.51 on.
 * @see https://playwright.dev/docs/api/class-browser#browser-new-context-option-storage-state
 */
export interface StorageState {
  readonly cookies: [];
  readonly origins: {
    readonly origin: string;
    readonly localStorage: { readonly name: string; readonly value: string }[];
    readonly indexedDB: {
      readonly name: string;
      readonly version: number;
      readonly stores: {
        readonly name: string;
        readonly autoIncrement: boolean;
        readonly indexes: [];
        readonly records: { readonly key: string; readonly value: unknown }[];
      }[];
    }[];
  }[];
}

/**
 * Returns a `storageState` for Playwright, with which a page of the app starts signed in at `provider`.
 * @throws ConfigurationError an option is unknown or malformed, or the provider has no such user or client
 * @example
 * const provider = fakeProvider();
 * const storageState = await signedInState({ provider, origin: "http://localhost:5173" });
 * // const context = await browser.newContext({ storageState });
 */
export async function signedInState(config: SignedInStateConfig): Promise<StorageState> {
  refuseUnknown("signedInState()", config, ["provider", "origin", ...LOGIN_OPTIONS]);
  const { provider, origin, ...login } = config;
  checkLoginOptions(login);
  if (typeof provider?.issueTokens !== "function") {
    throw new ConfigurationError(
      "provider",
      "it is missing or no fake provider",
      "Give the result of fakeProvider().",
    );
  }
  if (typeof origin !== "string" || parseUrl(origin)?.origin !== origin) {
    throw new ConfigurationError(
      "origin",
      "it is no origin",
      'Give the scheme, host and port of the app, such as "http://localhost:5173".',
    );
  }
  const client = clientKey(provider.issuer, provider.clientId(login.clientId));
  const { sub, row } = await storedSession(provider, login);
  const records = [
    { key: sessionKey(client, sub), value: row },
    { key: defaultUserKey(client), value: sub },
  ];
  const store = { name: ENTRIES, autoIncrement: false, indexes: [] as [], records };
  const indexedDB = [{ name: DATABASE, version: 1, stores: [store] }];
  return { cookies: [], origins: [{ origin, localStorage: [], indexedDB }] };
}

/** Returns the row that a login at `provider` stores. */
async function storedSession(
  provider: FakeProvider,
  login: FakeLoginOptions,
): Promise<{ readonly sub: string; readonly row: SessionRow }> {
  const now = provider.now();
  const response = await provider.issueTokens({
    ...login,
    scope: [...new Set(["openid", ...(login.scope ?? ["profile", "email", "offline_access"])])],
  });
  const { access_token: token, refresh_token: refreshToken, id_token: idToken = "" } = response;
  const claims = decodeJwt(idToken);
  const user = toUser(claims);
  const lifetimeMs = response.expires_in * 1_000;
  const tokens: TokenRecord = {
    ...(refreshToken !== undefined && { refreshToken }),
    idToken,
    idTokenVerified: true,
    user,
    authTime: claims["auth_time"] as number,
    access: { [DEFAULT_TARGET]: { token, tokenType: response.token_type } },
  };
  const scope = response.scope.split(" ");
  const entry = { generation: 1, expiresAt: now + lifetimeMs, scope, lifetimeMs };
  const row: SessionRow = {
    version: 2,
    sessionId: randomText(),
    generation: 1,
    sequence: 1,
    committedSequence: 1,
    attempt: null,
    end: null,
    lifetime: "remembered",
    remembered: profileOf(user, now),
    userCheckedAt: now,
    refusals: {},
    resources: [...(login.resources ?? [])],
    renewable: refreshToken !== undefined,
    access: { [DEFAULT_TARGET]: entry },
    tokens,
  };
  return { sub: user.sub, row };
}
