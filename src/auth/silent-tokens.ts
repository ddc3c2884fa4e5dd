import { abortable } from "../core/abortable.ts";
import type { GetTokenOptions } from "../core/auth.ts";
import { NoTokenError, RefreshTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import { sessionKey } from "../core/keys.ts";
import type { TokenSet } from "../core/token-set.ts";
import { DEFAULT_TARGET, targetKey } from "../core/token-target.ts";
import type { LazyLogins } from "./login/lazy-logins.ts";
import {
  type ActiveSession,
  type ActiveSessionConfig,
  otherUser,
} from "./session/active-session.ts";
export type SilentTokensConfig = Pick<ActiveSessionConfig, "client" | "sessions"> & {
  readonly grant: Grant;
};

/** Tokens that the grant is asked for without a person. */
export class SilentTokens {
  readonly #config: SilentTokensConfig;
  readonly #session: ActiveSession;
  readonly #logins: LazyLogins;
  readonly #underWay = new Map<string, Promise<string>>();
  #default: Promise<unknown> | undefined;

  constructor(config: SilentTokensConfig, session: ActiveSession, logins: LazyLogins) {
    this.#config = config;
    this.#session = session;
    this.#logins = logins;
  }

  /** The latest one of the usual token. */
  get usual(): Promise<unknown> | undefined {
    return this.#default;
  }

  /** One for all who want the same at the same time; who leaves does not end it. */
  renew(options: GetTokenOptions, tokens: TokenSet | undefined): Promise<string> {
    const { signal, context, user = tokens?.user?.sub ?? this.#session.sub, ...rest } = options;
    const target = targetKey(options);
    // Before there is an outcome, which may take long.
    this.#session.stale();
    const id = JSON.stringify([target, rest.cache, tokens?.generation, user]);
    const joined = context ? undefined : this.#underWay.get(id);
    const renewal =
      joined ??
      this.#requestToken({ ...rest, ...(context && { context }) }, user, tokens).finally(() =>
        this.#underWay.delete(id),
      );
    if (!context) this.#underWay.set(id, renewal);
    if (target === DEFAULT_TARGET) this.#default = renewal;
    // Also for who leaves: the token may have run out meanwhile.
    return abortable(renewal, signal).catch((error: unknown) => {
      this.#session.stale();
      throw error;
    });
  }

  /** @param user whose the token is, even when the news of another person has not reached this tab */
  async #requestToken(
    options: GetTokenOptions,
    user: string | undefined,
    tokens: TokenSet | undefined,
  ): Promise<string> {
    // A person is asked by a login alone, of which there is one at a time.
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
      const response = await grant.requestToken(request);
      // Tokens without a generation are not in the store yet.
      if (response.generation === undefined)
        await this.#logins.storeTokens(response, request, { isKnown });
      else if (response.user?.sub !== (user ?? response.user?.sub)) throw otherUser();
      await this.#session.publishRefreshed(response, targetKey(options)).catch(ignore);
      return response.accessToken;
    } catch (error) {
      if (needsUser(error) && this.#session.user) {
        await this.#session.load("other-tab").catch(ignore);
      }
      throw error;
    }
  }
}

export function needsUser(error: unknown): boolean {
  return error instanceof NoTokenError || error instanceof RefreshTokenError;
}

export function ignore(): undefined {
  return undefined;
}
