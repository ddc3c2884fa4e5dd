import type { Prompt } from "../../core/authorization-parameters.ts";
import type { TokenTarget } from "../../core/token-target.ts";

/**
 * Latchkey stores this value as `flow` in the pending request of each login. A pending request with another `flow` is not
 * valid.
 */
export const FLOW = "latchkey/login";

/** An authorization request that waits for its response. The response is validated against this record. */
export interface PendingRequest extends TokenTarget {
  readonly flow: typeof FLOW;
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scope: readonly string[];
  /** All resource indicators of the request. */
  readonly resources?: readonly string[];
  /** The time when the request was made. This time comes from the configured clock. Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly nonce: string;
  /** The PKCE code verifier. @see https://www.rfc-editor.org/rfc/rfc7636#section-4.1 */
  readonly codeVerifier: string;
  readonly returnTo?: string;
  /** The scopes that were requested for this token target. `scope` also has the scopes that every login requests. */
  readonly targetScope?: readonly string[];
  /** The `sub` of the user who is expected to log in. */
  readonly user?: string;
  readonly prompt?: Prompt;
  /** The `max_age` parameter: the maximum time since the user last authenticated. Seconds. */
  readonly maxAge?: number;
  readonly acrValues?: readonly string[];
}

/**
 * The record that Latchkey stores for a pending request. Latchkey calls `State.clearStaleState()` of oidc-client-ts to delete
 * old requests. The record has the format of oidc-client-ts, so that `State.clearStaleState()` can read the record.
 */
export interface StoredRequest {
  readonly id: string;
  readonly data: PendingRequest;
  /**
   * The time when the request was made. This time comes from `Date.now()`, not from the configured clock. Seconds since the
   * epoch.
   */
  readonly created: number;
  /** The random secret in the `state` parameter, which has the form `<tag>.<id>.<secret>`. */
  readonly url_state: string;
}

/** A record from the store, before `parsePendingRequest()` validates it. */
export type UncheckedRequest = { readonly [name in keyof StoredRequest]?: unknown };

const TEXTS = ["issuer", "clientId", "redirectUri", "nonce", "codeVerifier"] as const;
const MAY_BE_TEXTS = ["returnTo", "user", "prompt", "resource", "audience"] as const;

/**
 * Validates a record from the store and returns its pending request. Returns undefined if the record is damaged or has another
 * `flow`.
 */
export function parsePendingRequest({ data }: UncheckedRequest): PendingRequest | undefined {
  const request = (data ?? {}) as Partial<Record<keyof PendingRequest, unknown>>;
  const { flow, createdAt, maxAge = 0, scope, acrValues = [] } = request;
  const isWhole =
    flow === FLOW &&
    TEXTS.every((name) => typeof request[name] === "string") &&
    MAY_BE_TEXTS.every((name) => typeof (request[name] ?? "") === "string") &&
    [createdAt, maxAge].every((time) => typeof time === "number") &&
    [scope, acrValues].every(isTexts);
  return isWhole ? (request as unknown as PendingRequest) : undefined;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}
