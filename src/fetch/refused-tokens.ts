import { doublingPause } from "../core/back-off.ts";
import type { ApiPauses } from "../core/api-pauses.ts";
import { Flights } from "../core/flights.ts";
import { type Clock, wallClock } from "../core/ports.ts";

/**
 * The pause after the first failed retry. If the API refuses a request with 401 during the pause, this request is not repeated.
 * Each further failed retry doubles the pause. Milliseconds.
 */
const FIRST_PAUSE_MS = 30_000;
/**
 * The longest pause after a failed retry. Milliseconds. Each failed retry doubles the pause, up to this value. So an API that
 * refuses every token causes at most eight refreshes in the first hour.
 */
const MAX_PAUSE_MS = 960_000;
/**
 * If more than this time has passed since the end of an API's last pause, the count of the API's failed retries starts at zero
 * again. Milliseconds.
 */
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
 * Decides after a 401 response of an API whether the request is repeated with a newer token. A request is repeated at most
 * once. The retry fails when there is no newer token, or when the API refuses the newer token, too. After a failed retry, there
 * is a pause for the origin of the API. During the pause no request to this origin is repeated. The pause grows with each
 * failed retry in a row.
 *
 * Only a successful retry ends the pauses. If a request succeeds without a retry, the pause stays, because one path of an API
 * might refuse every token while other paths accept it.
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
   * Sends the request once more with a newer token, and returns the response. If there is no newer token, or during a pause of
   * the API, returns undefined. The caller then returns the first response, which has the status 401.
   */
  async retry(
    { origin, token, getToken, signal }: RefusedRequest,
    send: (newer: string) => Promise<Response>,
  ): Promise<Response | undefined> {
    const count = this.#countNow(origin);
    if (count === undefined) return undefined;
    const replace = (stop: AbortSignal) => newerToken(getToken, token, stop);
    // Concurrent calls with the same refused token share one request for a newer token.
    const newer = await this.#replacements
      .join(JSON.stringify([origin, token]), replace, signal)
      .catch(() => undefined);
    signal.throwIfAborted();
    const response = newer === undefined ? undefined : await send(newer);
    if (response && response.status !== 401) this.#end(origin);
    else this.#pause(origin, count + 1);
    return response;
  }

  /** Returns the number of failed retries in a row. During a pause of the API, returns undefined. */
  #countNow(origin: string): number | undefined {
    const { count, until } = this.#pauses.get(origin) ?? { count: 0, until: 0 };
    const waitMs = until - this.#clock.now();
    // If the last pause ended long ago, the earlier failures do not count. If the pause would end too far in the future, the
    // clock was set back. The earlier failures do not count then, either.
    if (waitMs > 2 * MAX_PAUSE_MS || waitMs < -FORGIVEN_AFTER_MS) return 0;
    return waitMs > 0 ? undefined : count;
  }

  #pause(origin: string, count: number): void {
    const known = this.#countNow(origin);
    // The count was read before the retry. If a pause has begun or the count has grown since then, another call or tab has
    // already counted this failure.
    if (known === undefined || known >= count) return;
    const pauseMs = doublingPause(FIRST_PAUSE_MS, count, MAX_PAUSE_MS);
    this.#pauses.set(origin, { count, until: this.#clock.now() + pauseMs });
  }

  #end(origin: string): void {
    if (this.#pauses.get(origin)) this.#pauses.set(origin, undefined);
  }
}

/** Returns the current token if it differs from the refused token. Otherwise requests a newer token. */
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
  /**
   * The token that an API refused. Only set together with `cache: "reload"`. If the stored token is not the refused one, the
   * function returns the stored token. Otherwise the function requests a new token.
   */
  refused?: string;
  signal: AbortSignal;
}) => Promise<string>;
