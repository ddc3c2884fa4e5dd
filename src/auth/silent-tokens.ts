import { abortable } from "../core/abortable.ts";
import type { GetTokenOptions } from "../core/auth.ts";
import { NoTokenError, RefreshTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import { sessionKey } from "../core/keys.ts";
import type { TokenSet } from "../core/token-set.ts";
import { USUAL_WANT, wantKey } from "../core/want.ts";
import type { ActiveSession, ActiveSessionConfig } from "./session/active-session.ts";
import type { LazyLogins } from "./login/lazy-logins.ts";
import { otherPerson } from "./session/other-person.ts";

export type RenewalsConfig = Pick<ActiveSessionConfig, "client" | "sessions"> & {
  readonly grant: Grant;
};

/** Tokens that the grant is asked for without a person. */
export class Renewals {
  readonly #config: RenewalsConfig;
  readonly #session: ActiveSession;
  readonly #logins: LazyLogins;
  readonly #underWay = new Map<string, Promise<string>>();
  #usual: Promise<unknown> | undefined;

  constructor(config: RenewalsConfig, session: ActiveSession, logins: LazyLogins) {
    this.#config = config;
    this.#session = session;
    this.#logins = logins;
  }

  /** The latest one of the usual token. */
  get usual(): Promise<unknown> | undefined {
    return this.#usual;
  }

  /** One for all who want the same at the same time; who leaves does not end it. */
  renew(options: GetTokenOptions, tokens: TokenSet | undefined): Promise<string> {
    const { signal, context, user = tokens?.user?.sub ?? this.#session.sub, ...rest } = options;
    const want = wantKey(options);
    // Before there is an outcome, which may take long.
    this.#session.stale();
    const id = JSON.stringify([want, rest.cache, tokens?.generation, user]);
    const joined = context ? undefined : this.#underWay.get(id);
    const renewal =
      joined ??
      this.#requestToken({ ...rest, ...(context && { context }) }, user, tokens).finally(() =>
        this.#underWay.delete(id),
      );
    if (!context) this.#underWay.set(id, renewal);
    if (want === USUAL_WANT) this.#usual = renewal;
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
      const answer = await grant.requestToken(request);
      // Tokens without a generation are not in the store yet.
      if (answer.generation === undefined) await this.#logins.keep(answer, request, { isKnown });
      else if (answer.user?.sub !== (user ?? answer.user?.sub)) throw otherPerson();
      await this.#session.adopt(answer, wantKey(options)).catch(ignore);
      return answer.accessToken;
    } catch (error) {
      if (needsPerson(error) && this.#session.user) {
        await this.#session.load("other-tab").catch(ignore);
      }
      throw error;
    }
  }
}

export function needsPerson(error: unknown): boolean {
  return error instanceof NoTokenError || error instanceof RefreshTokenError;
}

export function ignore(): undefined {
  return undefined;
}
