import type { Want } from "../core/want.ts";

/** Marks a record as a login of ours; another flow in the same store has another marker. */
export const FLOW = "latchkey/login";

/** What we add to the record that oidc-client-ts keeps of a request. */
export interface RequestData extends Want {
  readonly flow: typeof FLOW;
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scope: readonly string[];
  /** Milliseconds since the epoch, by our clock; the record's own `created` is by `Date` and in seconds. */
  readonly createdAt: number;
  readonly returnTo?: string;
  readonly maxAge?: number;
  readonly acrValues?: readonly string[];
}

/** A request as it was remembered. */
export interface PendingRequest extends RequestData {
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** What oidc-client-ts reads back; nothing of it is sure before `parsePendingRequest`. */
export interface StoredRequest {
  readonly data?: unknown;
  readonly url_state?: unknown;
  readonly nonce?: unknown;
  readonly code_verifier?: unknown;
}

/** Undefined for a record that is damaged or of another flow. */
export function parsePendingRequest({
  data,
  nonce,
  code_verifier: codeVerifier,
}: StoredRequest): PendingRequest | undefined {
  const { flow, redirectUri, scope, createdAt } = (data ?? {}) as Partial<RequestData>;
  const whole =
    flow === FLOW &&
    typeof redirectUri === "string" &&
    typeof createdAt === "number" &&
    Array.isArray(scope) &&
    typeof nonce === "string" &&
    typeof codeVerifier === "string";
  return whole ? { ...(data as RequestData), nonce, codeVerifier } : undefined;
}
