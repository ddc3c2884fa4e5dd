import { doublingPause } from "../core/back-off.ts";
import type { ApiPauses } from "../core/api-pauses.ts";
import { Flights } from "../core/flights.ts";
import { type Clock, wallClock } from "../core/ports.ts";

/**
 * The pause after the first failed retry. During the pause, requests that the API refuses with 401 are not repeated.
 * Milliseconds.
 */
const FIRST_PAUSE_MS = 30_000;
/** The longest pause after a failed retry. Each failed retry doubles the pause, up to this value. Milliseconds. */
const MAX_PAUSE_MS = 960_000;
/**
 * If more time than this has passed since the end of an API's last pause, the API's earlier failed retries no longer count.
 * Milliseconds.
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
 * Decides whether a request is repeated with a newer token after an API has responded with 401. A request is repeated at most
 * once. After a failed retry, requests to the API's origin are not repeated during a pause. Each failed retry in a row doubles
 * the pause, and only a successful retry ends the pause.
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
   * Calls `send` with a newer token, and returns the response. If there is no newer token, or during a pause, returns
   * undefined.
   */
  async retry<R extends Pick<Response, "status">>(
    { origin, token, getToken, signal }: RefusedRequest,
    send: (newer: string) => Promise<R>,
  ): Promise<R | undefined> {
    const count = this.#countNow(origin);
    if (count === undefined) return undefined;
    const replace = ({ signal }: { readonly signal: AbortSignal }) =>
      newerToken(getToken, token, signal);
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

  /** Returns the number of failed retries in a row, or undefined during a pause. */
  #countNow(origin: string): number | undefined {
    const { count, until } = this.#pauses.get(origin) ?? { count: 0, until: 0 };
    const waitMs = until - this.#clock.now();
    // Earlier failures do not count in two cases: the last pause ended long ago, or the clock was set back, so the pause would
    // last too long.
    if (waitMs > 2 * MAX_PAUSE_MS || waitMs < -FORGIVEN_AFTER_MS) return 0;
    return waitMs > 0 ? undefined : count;
  }

  #pause(origin: string, count: number): void {
    const known = this.#countNow(origin);
    // If a pause has begun or the count has grown during the retry, another call or tab has already counted this failure.
    if (known === undefined || known >= count) return;
    const pauseMs = doublingPause(FIRST_PAUSE_MS, count, MAX_PAUSE_MS);
    this.#pauses.set(origin, { count, until: this.#clock.now() + pauseMs });
  }

  #end(origin: string): void {
    if (this.#pauses.get(origin)) this.#pauses.set(origin, undefined);
  }
}

/** Returns the stored token if it differs from the refused token. Otherwise requests a new token. */
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

/** A function that returns an access token, such as `auth.getToken`. */
export type GetToken = (options: {
  prompt: "none";
  cache?: "reload";
  /**
   * The token that an API refused. If the stored token is a different token, the function returns the stored token. Otherwise
   * the function requests a new token.
   */
  refused?: string;
  signal: AbortSignal;
}) => Promise<string>;
