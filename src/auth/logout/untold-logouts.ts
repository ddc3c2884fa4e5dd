import type { LogoutResult } from "../../core/auth.ts";

/**
 * A session that was deleted on this device but has not ended completely at the server. The refresh token is not revoked yet,
 * or the page has not navigated to the end-session endpoint yet.
 */
export interface DeletedSession {
  /**
   * The refresh token that the server must revoke. Undefined if the session had no refresh token, or if the token is already
   * revoked.
   */
  refreshToken?: string | undefined;
  readonly idToken?: string | undefined;
  /**
   * The error that occurred when the tokens of the session were read. If this member is set, the server cannot be told of the
   * logout.
   */
  readonly error?: unknown;
  /**
   * True if the session belonged to this tab's user. By default, the page navigates to the end-session endpoint only for such a
   * session.
   */
  isOwn?: boolean;
  /** The attempt to tell the server of the logout. Set while the attempt is in progress. Later calls join the attempt. */
  telling?: Promise<LogoutResult> | undefined;
}

/** A revocation in progress. */
interface OpenRevocation {
  /** Sends the revocation at once, without the rest of the pause. Settles with the result of that request. */
  try(): Promise<void>;
  /** Called when a login begins. Aborts the request. The next request is sent only after `login` has settled. */
  giveWay(login: Promise<unknown>): void;
}

/**
 * Records the logouts of this page until the server is told of them. The records exist only in memory and are lost when the
 * page closes. An `AuthManager` and the code that revokes its tokens share one `UntoldLogouts`.
 * @example
 * const untold = new UntoldLogouts();
 * const users = [...untold.sessions.keys()]; // `sub` of each user
 */
export class UntoldLogouts {
  /** The deleted sessions, by the `sub` of the user. */
  readonly sessions: Map<string, DeletedSession> = new Map();
  /** The revocations in progress, by refresh token. */
  readonly revocations: Map<string, OpenRevocation> = new Map();
  /** The refresh tokens that the server has revoked. */
  readonly revoked: Set<string> = new Set();
}
