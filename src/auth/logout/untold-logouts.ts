import type { LogoutResult } from "../../core/auth-options.ts";
import type { NetworkError } from "../../core/errors.ts";
import type { User } from "../../core/user.ts";

/**
 * A session that is deleted on this device but might still exist at the server. Its tokens are not revoked yet, or the page
 * has not navigated to the end-session endpoint yet.
 */
export interface DeletedSession {
  /** The refresh token that must still be revoked. Undefined if there is no such token. */
  refreshToken?: string | undefined;
  /** The access tokens that must still be revoked. Present only if there was no refresh token. */
  accessTokens?: readonly string[];
  readonly idToken?: string | undefined;
  readonly user?: User | undefined;
  /** The error if the tokens of the session could not be read. The server can then not be told of the logout. */
  readonly error?: unknown;
  /**
   * True if this was the session of this tab's user. By default, the page navigates to the end-session endpoint only for this
   * user.
   */
  isOwn?: boolean;
  /** The result of the requests that tell the server of the logout. Set only while the requests are in progress. */
  telling?: Promise<LogoutResult> | undefined;
}

/** A revocation in progress. */
interface OpenRevocation {
  /** Sends the next revocation request at once, without a pause. Settles with the result of that request. */
  try(): Promise<void>;
  /** Called when a login begins. Aborts the request. The next request is sent only after `login` has settled. */
  giveWay(login: Promise<unknown>): void;
}

/**
 * Stores the logouts of this page until the server is told of them. The data is in memory and is lost when the page closes.
 */
export class UntoldLogouts {
  /** The deleted sessions, by the `sub` of the user. */
  readonly sessions: Map<string, DeletedSession> = new Map();
  /** The revocations in progress, by token. */
  readonly revocations: Map<string, OpenRevocation> = new Map();
  /** The tokens that the server has revoked. */
  readonly revoked: Set<string> = new Set();
  /** Maps each token whose revocation response the browser withheld to the error of that request. */
  readonly withheld: Map<string, NetworkError> = new Map();
}
