import type { Prompt } from "../../core/authorization-parameters.ts";
import type { TokenTarget } from "../../core/token-target.ts";

/** Marks a record as a login of ours; another flow in the same store has another marker. */
export const FLOW = "latchkey/login";

/** A request as it is remembered: as it was made, and the answer is judged by it. */
export interface PendingRequest extends TokenTarget {
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
  /** The scopes of the target it was made for; `scope` has them and what every login asks for. */
  readonly targetScope?: readonly string[];
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

const TEXTS = ["issuer", "clientId", "redirectUri", "nonce", "codeVerifier"] as const;
const MAY_BE_TEXTS = ["returnTo", "user", "prompt", "resource", "audience"] as const;

/** Undefined for a record that is damaged or of another flow. */
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
