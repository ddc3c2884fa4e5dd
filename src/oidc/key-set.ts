import { IdTokenError } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";
import { parseObject, request, type HttpOptions } from "./http.ts";

const MAX_AGE_MS = 600_000;
const COOLDOWN_MS = 10_000;

/** A member of a JWK Set; nothing about it is sure. @see RFC 7517 section 4 */
export type Jwk = Readonly<Record<string, unknown>>;

/** The server's keys, fetched when needed and kept for a while. */
export interface KeySet {
  /** The keys, and whether they were fetched for this call. */
  get(): Promise<{ keys: readonly Jwk[]; fresh: boolean }>;
  /** The keys fetched again; undefined when that was done a moment ago. */
  refetch(): Promise<readonly Jwk[]> | undefined;
}

export interface KeySetOptions extends HttpOptions {
  readonly clock: Clock;
}

export function createKeySet(jwksUri: string, { clock, ...http }: KeySetOptions): KeySet {
  let kept: { keys: readonly Jwk[]; at: number } | undefined;
  let pending: Promise<readonly Jwk[]> | undefined;
  let refetchedAt = -Infinity;

  const load = () =>
    (pending ??= fetchKeys(jwksUri, http)
      .then((keys) => {
        kept = { keys, at: clock.mono() };
        return keys;
      })
      .finally(() => (pending = undefined)));

  return {
    async get() {
      const good = kept && clock.mono() - kept.at < MAX_AGE_MS;
      return good ? { keys: kept!.keys, fresh: false } : { keys: await load(), fresh: true };
    },
    refetch() {
      if (pending) return pending;
      if (clock.mono() - refetchedAt < COOLDOWN_MS) return undefined;
      refetchedAt = clock.mono();
      return load();
    },
  };
}

/** @see RFC 7517 section 5 */
async function fetchKeys(jwksUri: string, http: HttpOptions): Promise<readonly Jwk[]> {
  // Past the browser's cache: keys are asked for again because they changed.
  const { status, text } = await request("JWKS", jwksUri, { cache: "no-cache" }, http);
  const keys = status === 200 ? parseObject(text)?.["keys"] : undefined;
  if (!Array.isArray(keys)) {
    throw new IdTokenError("signature", `the keys cannot be had: the server answered ${status}`, {
      hint: "The server's jwks_uri must answer with a JWK Set.",
      retryable: true,
    });
  }
  return keys.filter(
    (key) => typeof key === "object" && key !== null && !Array.isArray(key),
  ) as Jwk[];
}
