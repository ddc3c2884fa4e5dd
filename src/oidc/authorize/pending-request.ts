import type { Prompt } from "../../core/authorization-parameters.ts";
import type { TokenTarget } from "../../core/token-target.ts";

/** Marks a stored request as a login of Latchkey. Another flow in the same store has another marker. */
export const FLOW = "latchkey/login";

/** An authorization request as it is stored. Its response is validated against it. */
export interface PendingRequest extends TokenTarget {
  readonly flow: typeof FLOW;
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scope: readonly string[];
  /** All resource indicators of the request. */
  readonly resources?: readonly string[];
  /** Milliseconds since the epoch, by the configured clock. `StoredRequest.created` is by `Date`. */
  readonly createdAt: number;
  readonly nonce: string;
  /** @see https://www.rfc-editor.org/rfc/rfc7636#section-4.1 */
  readonly codeVerifier: string;
  readonly returnTo?: string;
  /** The scopes of the token target. `scope` has these and the scopes of every login. */
  readonly targetScope?: readonly string[];
  /** `sub` of the user that the login is for. */
  readonly user?: string;
  readonly prompt?: Prompt;
  /** Seconds. */
  readonly maxAge?: number;
  readonly acrValues?: readonly string[];
}

/** A request in the format of oidc-client-ts, which sweeps the store. */
export interface StoredRequest {
  readonly id: string;
  readonly data: PendingRequest;
  /** Seconds since the epoch. */
  readonly created: number;
  /** The secret in `state`. */
  readonly url_state: string;
}

/** A stored request before `parsePendingRequest()` has validated it. */
export type UncheckedRequest = { readonly [name in keyof StoredRequest]?: unknown };

const TEXTS = ["issuer", "clientId", "redirectUri", "nonce", "codeVerifier"] as const;
const MAY_BE_TEXTS = ["returnTo", "user", "prompt", "resource", "audience"] as const;

/** Returns the pending request. Undefined for a record that is damaged or belongs to another flow. */
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
