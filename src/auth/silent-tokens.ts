import { abortable } from "../core/abortable.ts";
import type { GetTokenOptions } from "../core/auth-options.ts";
import { NoTokenError, RefreshTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import { sessionKey } from "../core/keys.ts";
import type { TokenSet } from "../core/token-set.ts";
import { DEFAULT_TARGET, targetKey } from "../core/token-target.ts";
import type { LazyLogins } from "./login/lazy-logins.ts";
import type { ActiveSession } from "./session/active-session.ts";
import type { SessionReaderConfig } from "./session/session-reader.ts";
import { otherUser } from "./session/session-reader.ts";

/** The configuration of `SilentTokens`. */
export type SilentTokensConfig = Pick<SessionReaderConfig, "client" | "sessions" | "clock"> & {
  readonly grant: Grant;
};

/** Gets tokens from the store or from the grant, without showing anything to the user. */
export class SilentTokens {
  readonly #config: SilentTokensConfig;
  readonly #session: ActiveSession;
  readonly #logins: LazyLogins;
  readonly #underWay = new Map<string, Promise<string>>();
  #latest: Promise<unknown> | undefined;

  constructor(config: SilentTokensConfig, session: ActiveSession, logins: LazyLogins) {
    this.#config = config;
    this.#session = session;
    this.#logins = logins;
  }

  /** The latest request for the token that `getToken()` without options returns. Undefined before the first request. */
  get latest(): Promise<unknown> | undefined {
    return this.#latest;
  }

  /** Returns an access token. Returns undefined if there is no session and the grant cannot get a token without a login. */
  async get({ refused, ...options }: GetTokenOptions): Promise<string | undefined> {
    const { cache = "default", user = this.#session.sub } = options;
    const target = targetKey(options);
    const isDefault = target === DEFAULT_TARGET && user === this.#session.sub;
    let failure: unknown;
    if (isDefault && cache === "default") {
      const good = this.#session.goodToken();
      if (good) return good;
      if ((this.#session.cached?.expiresAt ?? Infinity) <= this.#config.clock.now()) {
        try {
          return await this.request(options, undefined);
        } catch (error) {
          if (!needsUser(error)) throw error;
          failure = error;
        }
      }
    }
    const found = await this.#session.find(target, options.user);
    const isNewer = refused !== undefined && found?.tokens.accessToken !== refused;
    if ((cache === "default" || isNewer) && found && found.condition !== "expired") {
      if (found.condition === "expiring") {
        this.request({ ...options, cache: "reload" }, found.tokens).catch(ignore);
      } else if (isDefault) {
        // The stored token can be newer than this tab's state. `load()` reads the store and publishes the new state.
        await this.#session.load("other_tab").catch(ignore);
      }
      return found.tokens.accessToken;
    }
    // The store has no token and the request above failed, so a second request would fail, too.
    if (failure !== undefined && !found) throw failure;
    if (!found && user === undefined && this.#config.grant.isSilent === false) return undefined;
    // If the wall clock was set back, the token can be expired although `expiresAt` is in the future. With `cache: "reload"`,
    // the grant does not return this expired token again.
    const isReload = found && found.tokens.expiresAt > this.#config.clock.now();
    return this.request({ ...options, ...(isReload && { cache: "reload" }) }, found?.tokens);
  }

  /**
   * Requests a token from the grant. Concurrent calls with the same options share one request. If one caller aborts, the
   * request continues for the other callers.
   */
  request(options: GetTokenOptions, tokens: TokenSet | undefined): Promise<string> {
    const { signal, context, user = tokens?.user?.sub ?? this.#session.sub, ...rest } = options;
    const target = targetKey(options);
    // If the token has expired, the state shows `stale` from now on, because the response can take long.
    this.#session.stale();
    const id = JSON.stringify([target, rest.cache, tokens?.generation, user]);
    const joined = context ? undefined : this.#underWay.get(id);
    const requested =
      joined ??
      this.#requestToken({ ...rest, ...(context && { context }) }, user, tokens).finally(() =>
        this.#underWay.delete(id),
      );
    if (!context) this.#underWay.set(id, requested);
    if (target === DEFAULT_TARGET) this.#latest = requested;
    // If the token has expired during the failed request, the state must show `stale`.
    return abortable(requested, signal).catch((error: unknown) => {
      this.#session.stale();
      throw error;
    });
  }

  /**
   * Requests tokens from the grant and returns the access token. If the grant has not stored the tokens, stores them. If the
   * tokens belong to another user than `user`, rejects.
   */
  async #requestToken(
    options: GetTokenOptions,
    user: string | undefined,
    tokens: TokenSet | undefined,
  ): Promise<string> {
    // With `prompt: "none"`, the grant must not show anything to the user. Only `tokenAfterLogin()` starts logins.
    const request: TokenRequest = {
      ...options,
      prompt: "none",
      ...(user !== undefined && { user }),
      ...(tokens && { tokens }),
    };
    const { client, sessions, grant } = this.#config;
    const row =
      tokens || user === this.#session.sub || (await sessions.get(sessionKey(client, user ?? "")));
    const isKnown = !!row;
    try {
      let response = await grant.requestToken(request);
      // Every stored token has a number, the `generation`. A response without a `generation` is not stored yet.
      if (response?.generation === undefined)
        response = await this.#logins.storeTokens(response, request, { isKnown });
      else if (response.user?.sub !== (user ?? response.user?.sub)) throw otherUser();
      await this.#session.publishRefreshed(response, targetKey(options)).catch(ignore);
      return response.accessToken;
    } catch (error) {
      if (needsUser(error) && this.#session.user) {
        await this.#session.load("other_tab").catch(ignore);
      }
      throw error;
    }
  }
}

/** Returns true if `error` means that only a login can provide a token. */
export function needsUser(error: unknown): boolean {
  return error instanceof NoTokenError || error instanceof RefreshTokenError;
}

/** Returns undefined. Pass this function to `then()` or `catch()` to ignore the result or the error. */
export function ignore(): undefined {
  return undefined;
}
