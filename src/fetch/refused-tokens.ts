import { doublingPause } from "../core/back-off.ts";
import type { ApiPauses } from "../core/api-pauses.ts";
import { Flights } from "../core/flights.ts";
import { type Clock, wallClock } from "../core/ports.ts";

/** The pause after an API refused a newer token, too. Each further refusal doubles the pause. Milliseconds. */
const FIRST_PAUSE_MS = 30_000;
/** The longest pause. An API that refuses every token then costs at most eight refreshes in the first hour. Milliseconds. */
const MAX_PAUSE_MS = 960_000;
/** An API counts as recovered when its last pause ended this long ago. Milliseconds. */
const FORGIVEN_AFTER_MS = 3_600_000;

/** A request that an API refused with 401. */
export interface RefusedRequest {
  /** The origin of the API. */
  readonly origin: string;
  /** The token that the API refused. */
  readonly token: string;
  readonly getToken: GetToken;
  readonly signal: AbortSignal;
}

/**
 * Decides whether a token that an API refused is replaced. A newer token is tried once. When the API refuses the newer token,
 * too, its origin gets a growing pause, in which no token is replaced. Only a retry that succeeds resets the pause, because one
 * path of an API may refuse every token while other paths accept it.
 */
export class RefusedTokens {
  readonly #pauses: ApiPauses;
  readonly #clock: Pick<Clock, "now">;
  readonly #replacements = new Flights<string>();

  constructor(pauses: ApiPauses = new Map(), clock: Pick<Clock, "now"> = wallClock) {
    this.#pauses = pauses;
    this.#clock = clock;
  }

  /**
   * Sends the request once more with a newer token, and returns the response. Undefined when there is no newer token, or the
   * API has a pause: the caller then keeps the 401.
   */
  async retry(
    { origin, token, getToken, signal }: RefusedRequest,
    send: (newer: string) => Promise<Response>,
  ): Promise<Response | undefined> {
    const count = this.#countNow(origin);
    if (count === undefined) return undefined;
    const replace = (stop: AbortSignal) => newerToken(getToken, token, stop);
    // Calls whose token was refused at the same time share one decision.
    const newer = await this.#replacements
      .join(JSON.stringify([origin, token]), replace, signal)
      .catch(() => undefined);
    signal.throwIfAborted();
    const response = newer === undefined ? undefined : await send(newer);
    if (response && response.status !== 401) this.#end(origin);
    else this.#pause(origin, count + 1);
    return response;
  }

  /** Returns how many newer tokens were refused in a row. Undefined while the API has a pause. */
  #countNow(origin: string): number | undefined {
    const { count, until } = this.#pauses.get(origin) ?? { count: 0, until: 0 };
    const waitMs = until - this.#clock.now();
    // A clock that was set back must not make the pause much longer.
    if (waitMs > 2 * MAX_PAUSE_MS || waitMs < -FORGIVEN_AFTER_MS) return 0;
    return waitMs > 0 ? undefined : count;
  }

  #pause(origin: string, count: number): void {
    const known = this.#countNow(origin);
    // Another call or tab has already stored this refusal.
    if (known === undefined || known >= count) return;
    const pauseMs = doublingPause(FIRST_PAUSE_MS, count, MAX_PAUSE_MS);
    this.#pauses.set(origin, { count, until: this.#clock.now() + pauseMs });
  }

  #end(origin: string): void {
    if (this.#pauses.get(origin)) this.#pauses.set(origin, undefined);
  }
}

/** Returns the current token if it is not the refused one, or else requests a newer token. */
async function newerToken(
  getToken: GetToken,
  refused: string,
  signal: AbortSignal,
): Promise<string> {
  const current = await getToken({ prompt: "none", signal });
  return current === refused
    ? getToken({ prompt: "none", cache: "reload", refused, signal })
    : current;
}

/** Returns an access token, as `auth.getToken` and the `getToken` of a token manager do. */
export type GetToken = (options: {
  prompt: "none";
  cache?: "reload";
  /** With `reload`: the token that an API refused. Return another stored token if there is one, or else request one. */
  refused?: string;
  signal: AbortSignal;
}) => Promise<string>;
