import { abortable } from "../core/abortable.ts";
import { CancelledError, NoTokenError, RefreshTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import { sessionKey } from "../core/keys.ts";
import type { LoginChoice, RememberedUser } from "../core/login-prompt.ts";
import { userNeeded } from "../core/refusal.ts";
import { NO_CHANGE } from "../core/session.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { askToRemember, type RememberConfig } from "./ask-to-remember.ts";

/**
 * Lets in who is remembered, and asks the person when it is not clear who that is: with nobody by default, after the default
 * user signed out, and on `prompt: "select_account"`. Wrap it around a `RefreshGrant`. After a fresh login it asks whether to
 * remember them, when the token is in use already; until they say so they are here while a tab is open. Shows nothing with
 * `prompt: "none"`, and nothing but that question after a login that was begun in a click.
 */
export class AutoLoginGrant implements Grant {
  readonly #inner: Grant;
  readonly #config: RememberConfig;

  constructor(inner: Grant, config: RememberConfig) {
    this.#inner = inner;
    this.#config = config;
  }

  /** @throws CancelledError the person dismissed the picker */
  async requestToken({ mayChoose, ...request }: TokenRequest): Promise<TokenSet> {
    if (mayChoose && request.prompt !== "none") return this.#choose(request, mayChoose);
    return this.#fresh(request);
  }

  async removeUser(sub: string): Promise<void> {
    await this.#inner.removeUser?.(sub);
  }

  /** What is not in the store yet is a login. */
  async #fresh(request: TokenRequest): Promise<TokenSet> {
    const { roundTrip, response, stored, prompt } = request;
    const tokens = await this.#inner.requestToken(request);
    const isLogin = tokens.generation === undefined && (roundTrip ?? response) !== undefined;
    if (!isLogin) return tokens;
    // A login that showed nothing shows nothing afterwards.
    const isSilent = (roundTrip?.prompt ?? prompt ?? tokens.asked?.prompt) === "none";
    if (!isSilent) void askToRemember(tokens, stored, this.#config).catch(() => {});
    return tokenSet({ ...tokens, lifetime: "tabs" });
  }

  async #choose(request: TokenRequest, isIn: AbortSignal): Promise<TokenSet> {
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
    const { signal = isIn } = request;
    const choice = await this.#ask(remembered, AbortSignal.any([signal, isIn]));
    if (choice.type === "dismiss") throw new CancelledError("the person chose nobody");
    const { roundTrip = request.roundTrip } = choice;
    const chosen = { ...request, ...(roundTrip && { roundTrip }) };
    try {
      if (choice.type === "continue") return await this.#goOn(chosen, choice.sub, remembered);
      await request.beforeLeaving?.();
      return await this.#fresh({ ...chosen, prompt: "select_account" });
    } finally {
      choice.roundTrip?.close();
    }
  }

  /** The prompt is told when nobody waits for it any more. */
  async #ask(remembered: readonly RememberedUser[], left: AbortSignal): Promise<LoginChoice> {
    left.throwIfAborted();
    const over = new AbortController();
    const signal = AbortSignal.any([left, over.signal]);
    try {
      const choice = this.#config.prompt.chooseUser(remembered, { signal });
      return await abortable(Promise.resolve(choice), left);
    } finally {
      over.abort();
    }
  }

  /** Straight in; a session that ended asks this person again. */
  async #goOn(
    request: TokenRequest,
    sub: string,
    remembered: readonly RememberedUser[],
  ): Promise<TokenSet> {
    const { roundTrip: _, prompt: __, ...silent } = request;
    try {
      const tokens = await this.#inner.requestToken({ ...silent, prompt: "none", user: sub });
      if (tokens.user?.sub !== undefined && tokens.user.sub !== sub) {
        throw new NoTokenError("what is here is another person's");
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

/** To the login page, as this person. */
function hinted(
  request: TokenRequest,
  sub: string,
  remembered: readonly RememberedUser[],
): TokenRequest {
  const { prompt: _, ...rest } = request;
  return { ...rest, loginHint: remembered.find((user) => user.sub === sub)?.email ?? sub };
}
