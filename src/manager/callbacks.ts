import type { CallbackResult } from "../core/auth.ts";
import type { CallbackLedger, CallbackRecord } from "../core/callback-ledger.ts";
import { asAuthError, InvalidResponseError } from "../core/errors.ts";
import type { Grant } from "../core/grant.ts";
import type { Page, TabLock } from "../core/ports.ts";
import type { ActiveSession } from "./active-session.ts";
import type { SessionDesk } from "./session-desk.ts";

export interface CallbacksConfig {
  readonly page: Page;
  readonly locks: TabLock;
  readonly ledger: CallbackLedger;
  readonly grant: Grant;
}

/** Takes authorization responses. However often one is looked at, its code is exchanged once and the result is the same. */
export class Callbacks {
  readonly #config: CallbacksConfig;
  readonly #session: ActiveSession;
  readonly #desk: SessionDesk;
  readonly #results = new Map<string, Promise<CallbackResult>>();
  #last: Promise<CallbackResult> | undefined;

  constructor(config: CallbacksConfig, session: ActiveSession, desk: SessionDesk) {
    this.#config = config;
    this.#session = session;
    this.#desk = desk;
  }

  /** @param url the page's own when not given */
  handle(url: string | undefined): Promise<CallbackResult> {
    const { page } = this.#config;
    const response = new URL(url ?? page.href(), page.href()).href;
    const state = new URL(response).searchParams.get("state");
    // An earlier call has cleaned the address bar: its result is meant.
    if (state === null) return this.#last ?? Promise.reject(noResponse());
    const known = this.#results.get(state);
    if (known) return known;
    // In the same task, so that neither a reload nor a second look finds a response that was used.
    if (response === page.href()) page.replaceUrl(withoutResponse(response));
    this.#session.authenticating();
    this.#last = this.#take(response, state);
    this.#results.set(state, this.#last);
    return this.#last;
  }

  /** One at a time over all tabs and managers; the second finds what the first made of the response. */
  #take(response: string, state: string): Promise<CallbackResult> {
    const { locks, grant, ledger } = this.#config;
    return locks.request(`callback/${state}`, { mode: "exclusive" }, async () => {
      try {
        const known = await ledger.get(state);
        if (known) return await this.#recall(known);
        const answer = await grant.requestToken({ response });
        const user = await this.#desk.checkIn(answer);
        const place = answer.returnTo === undefined ? {} : { returnTo: answer.returnTo };
        await ledger.put(state, { sub: user.sub, ...place });
        await this.#session.load("this-tab");
        return { user, ...place };
      } catch (error) {
        await this.#session.load("stored", asAuthError(error)).catch(() => {});
        throw error;
      }
    });
  }

  async #recall({ sub, ...place }: CallbackRecord): Promise<CallbackResult> {
    await this.#session.load("stored");
    const user = this.#session.user;
    if (user?.sub !== sub) {
      throw new InvalidResponseError(
        "state",
        "this response was used, and its session is over",
        "Sign in again.",
      );
    }
    return { user, ...place };
  }
}

/** Is there an authorization response in `url`, sent to `redirectUri`? */
export function isCallback(url: string, redirectUri: string): boolean {
  const { origin, pathname, searchParams } = new URL(url);
  const redirect = new URL(redirectUri);
  return (
    origin === redirect.origin &&
    pathname === redirect.pathname &&
    searchParams.has("state") &&
    (searchParams.has("code") || searchParams.has("error"))
  );
}

/** `url` without the authorization response. @see RFC 6749 section 4.1.2 @see RFC 9207 section 2 */
function withoutResponse(url: string): string {
  const clean = new URL(url);
  for (const name of [
    "code",
    "state",
    "iss",
    "session_state",
    "error",
    "error_description",
    "error_uri",
  ]) {
    clean.searchParams.delete(name);
  }
  return clean.href;
}

function noResponse(): InvalidResponseError {
  return new InvalidResponseError(
    "state",
    "there is no authorization response in this URL",
    "Call handleCallback() on the redirect URI only, with the URL as the server sent it.",
  );
}
