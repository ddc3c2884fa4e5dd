import type { AuthorizationParameters } from "./authorization-parameters.ts";
import type { Refusal } from "./session.ts";
import type { TokenOwner } from "./token-owner.ts";
import type { TokenContext } from "./token-context.ts";
import type { TokenSet } from "./token-set.ts";
import type { RoundTrip } from "./user-agent.ts";

/** What is asked of a grant. Grants pass it on, whole or with `{ ...request, changed }`. */
export interface TokenRequest extends AuthorizationParameters {
  /** `sub` of the person the token is for. */
  readonly user?: string;
  /** Tokens already held for this request. */
  readonly tokens?: TokenSet;
  /** Called when the server says for good that the refresh token of `tokens` is used up, before anybody else is asked. */
  readonly onRefreshTokenRejected?: () => Promise<void>;
  /** How the server refused the refresh token of `tokens` until now. A grant that refreshes keeps to its pause. */
  readonly refusal?: Refusal;
  /** Called when the server refused that refresh token and did not end it. Store the refusal beside `tokens`. */
  readonly onRefused?: (refusal: Refusal) => Promise<void>;
  /** `reload`: a token newer than `tokens`. */
  readonly cache?: "default" | "reload";
  /** An open way to the authorization endpoint. A request that carries one goes untouched to the grant that travels. */
  readonly roundTrip?: RoundTrip;
  /** Resources that the login names beside `resource`, so that the session can be asked for them later. */
  readonly resources?: readonly string[];
  /** Nobody clicked for this trip: whoever knows people here may ask first which of them it is, until somebody is in. */
  readonly mayChoose?: AbortSignal;
  /** Waits for what could end the grant that a login is about to share: whoever lets time pass before it leaves waits again. */
  readonly beforeLeaving?: () => Promise<void>;
  /** The URL of an authorization response. */
  readonly response?: string;
  /** Settles when the answer is stored and published, or will not be: whoever has others wait for it lets them go on then. */
  readonly stored?: Promise<unknown>;
  /** What the caller tells grants of its own about this call. */
  readonly context?: TokenContext;
  readonly signal?: AbortSignal;
}

/** Anything that can produce tokens. Grants wrap grants and keep no state. @see RFC 6749 section 1.3 */
export interface Grant {
  requestToken(request: TokenRequest): Promise<TokenSet>;
  /** Whose tokens this grant gives now. `null`: its tokens depend on no user of the app. Not given: nobody knows. */
  readonly owner?: TokenOwner | null | undefined;
  /** A user signed out or was forgotten: delete what is stored of them. Grants that wrap a grant pass this on. */
  removeUser?(sub: string): Promise<void>;
}
