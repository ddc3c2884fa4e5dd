import type { Prompt } from "../core/authorization-parameters.ts";
import type { Want } from "../core/want.ts";

/** Marks a record as a login of ours; another flow in the same store has another marker. */
export const FLOW = "latchkey/login";

/** A request as it is remembered: as it was made, and the answer is judged by it. */
export interface PendingRequest extends Want {
  readonly flow: typeof FLOW;
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scope: readonly string[];
  /** All that it names. */
  readonly resources?: readonly string[];
  /** Milliseconds since the epoch, by our clock; `created` is by `Date`. */
  readonly createdAt: number;
  readonly nonce: string;
  /** @see RFC 7636 section 4.1 */
  readonly codeVerifier: string;
  readonly returnTo?: string;
  /** `sub` of whom it is for. */
  readonly user?: string;
  readonly prompt?: Prompt;
  readonly maxAge?: number;
  readonly acrValues?: readonly string[];
}

/** A request in the form of oidc-client-ts, which sweeps them. */
export interface StoredRequest {
  readonly id: string;
  readonly data: PendingRequest;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly url_state: string;
}

/** What is read back; nothing of it is sure before `parsePendingRequest`. */
export type UncheckedRequest = { readonly [name in keyof StoredRequest]?: unknown };

/** Undefined for a record that is damaged or of another flow. */
export function parsePendingRequest({ data }: UncheckedRequest): PendingRequest | undefined {
  const request = (data ?? {}) as Partial<PendingRequest>;
  const { flow, redirectUri, scope, createdAt, nonce, codeVerifier } = request;
  const whole =
    flow === FLOW &&
    typeof redirectUri === "string" &&
    typeof createdAt === "number" &&
    Array.isArray(scope) &&
    typeof nonce === "string" &&
    typeof codeVerifier === "string";
  return whole ? (request as PendingRequest) : undefined;
}
