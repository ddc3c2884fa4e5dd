import type { LogoutResult } from "../../core/auth.ts";

/** A session that was deleted here, and of which the server was not told everything yet. */
export interface DeletedSession {
  /** Removed when the server has revoked it. */
  refreshToken?: string | undefined;
  readonly idToken?: string | undefined;
  /** Why its tokens could not be read. */
  readonly error?: unknown;
  /** It was the session of this tab, whose page may leave for the end-session endpoint. */
  isOwn?: boolean;
  /** The attempt that is under way. Later calls join it. */
  telling?: Promise<LogoutResult> | undefined;
}

/** A revocation that is not over. */
interface OpenRevocation {
  /** Settles with the next try to send it. */
  try(): Promise<void>;
  /** A login began: aborts the request, and sends no other one before `login` has settled. */
  giveWay(login: Promise<unknown>): void;
}

/** What the server was not told yet of the logouts on this page. It is in memory and ends with the page. */
export class UntoldLogouts {
  /** By `sub`. */
  readonly sessions: Map<string, DeletedSession> = new Map();
  /** By refresh token. */
  readonly revocations: Map<string, OpenRevocation> = new Map();
  /** The refresh tokens that the server has revoked. */
  readonly revoked: Set<string> = new Set();
}
