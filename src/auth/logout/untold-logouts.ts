import type { LogoutResult } from "../../core/auth.ts";

/** A session that is deleted on this device. The server was not told of the logout yet, or only of a part of it. */
export interface DeletedSession {
  /** The refresh token that the server must revoke. Undefined if there is none, or once it is revoked. */
  refreshToken?: string | undefined;
  readonly idToken?: string | undefined;
  /** The error that occurred when the tokens were read. */
  readonly error?: unknown;
  /**
   * Whether the session belonged to this tab's user. Only then does the page navigate to the end-session endpoint by default.
   */
  isOwn?: boolean;
  /** The attempt in progress to tell the server. Later calls join this attempt. */
  telling?: Promise<LogoutResult> | undefined;
}

/** A revocation in progress. */
interface OpenRevocation {
  /** Ends the pause before the next attempt, and settles with the result of that attempt. */
  try(): Promise<void>;
  /** Aborts the request, because a login began. Sends no other request before `login` has settled. */
  giveWay(login: Promise<unknown>): void;
}

/**
 * The logouts of this page that the server is not told of yet. They exist only in memory and are lost when the page closes. An
 * `AuthManager` and its revocations share one object.
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
