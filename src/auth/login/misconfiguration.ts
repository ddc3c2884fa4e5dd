import { isAuthError, type AnyAuthError, type ServerFacts } from "../../core/errors.ts";
import type { Page } from "../../core/ports.ts";
import { missingScopes, notGranted } from "../../core/scope-spelling.ts";
import { developerHint } from "../../core/server-words.ts";
import type { TokenSet } from "../../core/token-set.ts";

/** The options of the app that a login used. `scope`: the scopes of the configuration. */
export interface AskedScope {
  readonly scope?: readonly string[] | undefined;
}

/** Tells the developer once about each fault in the configuration of the app or of the server. */
export class Misconfiguration {
  readonly #page: Pick<Page, "warn">;
  readonly #told = new Set<string>();

  constructor(page: Pick<Page, "warn">) {
    this.#page = page;
  }

  /** Tells the developer of an error that no user can help. Cancelled logins, lost networks and the like are not told. */
  onError(error: unknown): void {
    if (isAuthError(error) && isOfDeveloper(error)) this.#warn(error.message);
  }

  /** Tells the developer that a login returned no refresh token, or not all requested scopes. */
  onLogin({ refreshToken, scope, asked }: TokenSet, { scope: configured }: AskedScope): void {
    const isExpected = configured?.includes("offline_access") ?? true;
    if (refreshToken === undefined && isExpected) this.#warn(NO_REFRESH_TOKEN);
    const requested = [...new Set([...(configured ?? []), ...(asked?.scope ?? [])])];
    // The refresh token and the ID token show whether these two scopes were granted. Many servers do not list these scopes.
    const named = requested.filter((name) => !/^(openid|offline_access)$/.test(name));
    const missing = missingScopes(named, scope);
    if (missing.length > 0) this.#warn(notGranted(missing, scope));
  }

  #warn(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#page.warn(message);
  }
}

const NO_REFRESH_TOKEN =
  'the server gave no refresh token, so the user must log in again when the access token expires. Request the scope offline_access, allow refresh tokens for this client at the server, or set loginOptions: { prompt: "consent" } if the server asks for a consent first. A server that gives browsers no refresh token can renew the session in a hidden frame: set silentSignOn to an IframeUserAgent. If this is what you want, set `scope` without offline_access.';

function isOfDeveloper(error: AnyAuthError): boolean {
  if (error.code === "network") return error.isWithheld;
  if (error.code === "configuration" || error.code === "discovery") return true;
  if (error.code === "id_token") return !error.retryable;
  return developerHint(error as ServerFacts) !== undefined;
}
