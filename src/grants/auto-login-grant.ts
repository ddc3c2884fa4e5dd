import { abortable } from "../core/abortable.ts";
import { CancelledError, NoTokenError, RefreshTokenError } from "../core/errors.ts";
import { AuthorizationError } from "../core/protocol-errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import { sessionKey } from "../core/keys.ts";
import {
  loginHintOf,
  type LoginChoice,
  type PromptOptions,
  type RememberedUser,
} from "../core/login-prompt.ts";
import { userNeeded } from "../core/refusal.ts";
import { NO_CHANGE } from "../core/session.ts";
import type { User } from "../core/user.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { askToRemember, type RememberConfig } from "./ask-to-remember.ts";

/**
 * Signs a remembered user in with the user's stored session, so that no new login is needed. Wrap this grant around a
 * `RefreshGrant`.
 *
 * The `LoginPrompt` shows a picker of the remembered users in three cases:
 * - No default user is set, so a new tab has no user.
 * - The last user has logged out.
 * - The request has `prompt: "select_account"`.
 *
 * After a login, the `LoginPrompt` asks whether this device should remember the user. If the user does not agree, the session
 * ends when the user's last tab closes. If the request has `prompt: "none"`, the user sees neither the picker nor this
 * question. If a click started the login, the user sees no picker.
 * @example
 * const createGrant = (prompt: LoginPrompt) => (parts: GrantParts) => {
 *   const refresh = new RefreshGrant(new AuthorizationCodeGrant(parts.server), parts);
 *   return new AutoLoginGrant(refresh, { ...parts, prompt });
 * };
 */
export class AutoLoginGrant implements Grant {
  readonly #inner: Grant;
  readonly #config: RememberConfig;

  constructor(inner: Grant, config: RememberConfig) {
    this.#inner = inner;
    this.#config = config;
  }

  /**
   * Rejects with the errors below, and with each error of the inner grant.
   * @throws CancelledError the user dismissed the picker
   */
  async requestToken({ mayChoose, ...request }: TokenRequest): Promise<TokenSet> {
    if (mayChoose && request.prompt !== "none") return this.#choose(request, mayChoose);
    return this.#fresh(request);
  }

  afterLogin({ sub }: User): void {
    void askToRemember(sub, this.#config).catch(() => {});
  }

  async removeUser(sub: string): Promise<void> {
    await this.#inner.removeUser?.(sub);
  }

  /**
   * Returns the tokens of the inner grant. After a login, asks whether to remember the user, but does not wait for the answer.
   * Tokens with a `generation` come from a stored session, and not from a login.
   */
  async #fresh(request: TokenRequest): Promise<TokenSet> {
    const { roundTrip, response, stored, prompt } = request;
    const tokens = await this.#inner.requestToken(request);
    const isLogin = tokens.generation === undefined && (roundTrip ?? response) !== undefined;
    if (!isLogin) return tokens;
    // A silent login must not show the user a question.
    const isSilent = (roundTrip?.prompt ?? prompt ?? tokens.asked?.prompt) === "none";
    // `stored` settles only if the user stays on this page. Otherwise, the next page calls `afterLogin()`, which asks the user.
    if (!isSilent)
      void Promise.resolve(stored)
        .then(() => askToRemember(tokens.user?.sub, this.#config))
        .catch(() => {});
    return tokenSet({ ...tokens, lifetime: "tabs" });
  }

  async #choose(request: TokenRequest, signedIn: AbortSignal): Promise<TokenSet> {
    const { users } = this.#config;
    const { prompt, loginHint } = request;
    if (loginHint !== undefined || (prompt && prompt !== "select_account")) {
      return this.#fresh(request);
    }
    const [remembered, { sub, row }] = await Promise.all([
      users.users().then((all) => all.list()),
      users.getActive(),
    ]);
    const hasEnded = row && (row.end ? row.end.reason !== "logged_out" : userNeeded(row));
    if (!prompt && sub !== undefined && hasEnded)
      return this.#fresh(hinted(request, sub, remembered));
    if (remembered.length === 0) return this.#fresh(request);
    const stop = AbortSignal.any([request.signal ?? signedIn, signedIn]);
    let refusal: AuthorizationError | undefined;
    for (;;) {
      const choice = await this.#ask(remembered, stop, { error: refusal, current: sub });
      if (choice.type === "dismiss")
        throw refusal ?? new CancelledError("the user dismissed the picker of remembered users");
      try {
        return await this.#follow(request, choice, remembered);
      } catch (error) {
        // The popup of the picker closes at once if the server refuses the login. So the picker says why.
        if (!(error instanceof AuthorizationError) || !choice.roundTrip) throw error;
        refusal = error;
      }
    }
  }

  /** Returns the tokens of the chosen user. */
  async #follow(
    request: TokenRequest,
    choice: Exclude<LoginChoice, { type: "dismiss" }>,
    remembered: readonly RememberedUser[],
  ): Promise<TokenSet> {
    const { roundTrip = request.roundTrip } = choice;
    const chosen = { ...request, ...(roundTrip && { roundTrip }) };
    try {
      if (choice.type === "continue") return await this.#goOn(chosen, choice.sub, remembered);
      await request.beforeLeaving?.();
      return await this.#fresh({
        ...chosen,
        prompt: "select_account",
        fallbackPrompt: "login",
      });
    } finally {
      choice.roundTrip?.close();
    }
  }

  /** Shows the picker and returns the user's choice. The picker closes after the choice, or when `stop` is aborted. */
  async #ask(
    remembered: readonly RememberedUser[],
    stop: AbortSignal,
    { error, current }: Pick<PromptOptions, "error" | "current">,
  ): Promise<LoginChoice> {
    stop.throwIfAborted();
    const ended = new AbortController();
    const signal = AbortSignal.any([stop, ended.signal]);
    try {
      const choice = this.#config.prompt.chooseUser(remembered, {
        signal,
        ...(error && { error }),
        ...(current !== undefined && { current }),
      });
      return await abortable(Promise.resolve(choice), stop);
    } finally {
      ended.abort();
    }
  }

  /** Signs the chosen user in with the user's stored session. If the session cannot be used, starts a login. */
  async #goOn(
    request: TokenRequest,
    sub: string,
    remembered: readonly RememberedUser[],
  ): Promise<TokenSet> {
    const { roundTrip: _, prompt: __, ...silent } = request;
    try {
      const tokens = await this.#inner.requestToken({ ...silent, prompt: "none", user: sub });
      if (tokens.user?.sub !== undefined && tokens.user.sub !== sub) {
        throw new NoTokenError(
          "the inner grant returned tokens of another user than the chosen user",
        );
      }
      await this.#use(sub);
      return tokens;
    } catch (error) {
      if (!(error instanceof NoTokenError || error instanceof RefreshTokenError)) throw error;
      await request.beforeLeaving?.();
      return this.#fresh(hinted(request, sub, remembered));
    }
  }

  async #use(sub: string): Promise<void> {
    const { sessions, client, clock } = this.#config;
    await sessions.update(sessionKey(client, sub), (row) =>
      row?.version === 2 && row.remembered
        ? { ...row, remembered: { ...row.remembered, lastUsedAt: clock.now() } }
        : NO_CHANGE,
    );
  }
}

/** Returns a login request with a login hint for the user `sub`. */
function hinted(
  request: TokenRequest,
  sub: string,
  remembered: readonly RememberedUser[],
): TokenRequest {
  const { prompt: _, ...rest } = request;
  return { ...rest, loginHint: loginHintOf(remembered, sub) };
}
