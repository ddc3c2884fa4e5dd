import type { LogoutResult } from "../../core/auth.ts";

/** A session that is deleted on this device while the server is not told of the logout, or not of all of it. */
export interface DeletedSession {
  /** Undefined once the server has revoked it. */
  refreshToken?: string | undefined;
  readonly idToken?: string | undefined;
  /** Why the tokens could not be read. */
  readonly error?: unknown;
  /** The session belonged to this tab's user, so the page may navigate to the end-session endpoint. */
  isOwn?: boolean;
  /** The attempt in progress. Later calls join it. */
  telling?: Promise<LogoutResult> | undefined;
}

/** A revocation in progress. */
interface OpenRevocation {
  /** Begins the next attempt now, and settles with it. */
  try(): Promise<void>;
  /** Aborts the request, because a login began. Sends no other request before `login` has settled. */
  giveWay(login: Promise<unknown>): void;
}

/**
 * The logouts in this page that the server is not told of yet. They are in memory, and end with the page. An `AuthManager` and
 * its revocations share one object.
 * @example
 * const untold = new UntoldLogouts();
 * const users = [...untold.sessions.keys()]; // `sub` of each user
 */
export class UntoldLogouts {
  /** By `sub`. */
  readonly sessions: Map<string, DeletedSession> = new Map();
  /** By refresh token. */
  readonly revocations: Map<string, OpenRevocation> = new Map();
  /** The refresh tokens that the server has revoked. */
  readonly revoked: Set<string> = new Set();
}
