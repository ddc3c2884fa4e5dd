import type { Want } from "../core/want.ts";

/** Marks a record as a login of ours; another flow in the same store has another marker. */
export const FLOW = "latchkey/login";

/** A request as it is remembered: what we add to the record that oidc-client-ts keeps of it. */
export interface PendingRequest extends Want {
  readonly flow: typeof FLOW;
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scope: readonly string[];
  /** Milliseconds since the epoch, by our clock; the record's own `created` is by `Date` and in seconds. */
  readonly createdAt: number;
  readonly nonce: string;
  /** @see RFC 7636 section 4.1 */
  readonly codeVerifier: string;
  readonly returnTo?: string;
  readonly maxAge?: number;
  readonly acrValues?: readonly string[];
}

/** What is read back; nothing of it is sure before `parsePendingRequest`. */
export interface StoredRequest {
  readonly data?: unknown;
  readonly url_state?: unknown;
}

/** Undefined for a record that is damaged or of another flow. */
export function parsePendingRequest({ data }: StoredRequest): PendingRequest | undefined {
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
