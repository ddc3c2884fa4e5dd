import type { Refusal, TokenRecord } from "./session.ts";
import type { TokenSet } from "./token-set.ts";
import type { User } from "./user.ts";
import type { WantKey } from "./want.ts";
import type { ServerFacts } from "./errors.ts";

export interface RefreshNeed {
  /** `sub` of the session. */
  user: string;
  want: WantKey;
  /** Only a token newer than this generation will do; -1 for any. */
  notGen: number;
}

/** The only one who sends a stored refresh token. */
export interface Refresher {
  /**
   * Satisfied by an access token newer than `need.notGen`. An aborted signal leaves the shared attempt; it never aborts it.
   * @throws NoTokenError no session, nothing to refresh it with, or only a login for this target helps
   * @throws RefreshTokenError the session ended, or the server asks for its user
   * @throws RequestTokenError this want was refused; the session stands
   * @throws TimeoutError patience ended; with `pending` the attempt goes on
   */
  refresh(need: RefreshNeed, signal?: AbortSignal): Promise<TokenSet>;
  /** Loads what a refresh needs; the first one does it by itself. @throws NetworkError */
  prepare(): Promise<void>;
}

/** The token endpoint's answer to a refresh token. */
export interface RefreshedTokens {
  accessToken: string;
  tokenType: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** As granted; undefined means as asked. */
  scope: string[] | undefined;
  refreshToken: string | undefined;
  idToken: string | undefined;
  /** Of a token exchange. @see RFC 8693 section 2.2.1 */
  issuedTokenType?: string;
}

/** What became of one send of a refresh token. */
export type RefreshAnswer =
  | { type: "tokens"; tokens: RefreshedTokens }
  | { type: "invalid_grant" }
  | RefusedRefresh
  /** The server was reached and did not use the token: 429, 503. */
  | { type: "not_rotated"; retryAfterMs: number | undefined; cause: unknown }
  /** The server wants its DPoP nonce, which is known now. @see RFC 9449 section 8 */
  | { type: "nonce" }
  /** Nobody knows whether the server used the token; `byServer`: it answered, and a better network would not help. */
  | { type: "unknown"; byServer: boolean; cause: unknown }
  | { type: "unsent" };

/** The server refused a target for a while, and the session stands. */
export interface RefusedRefresh {
  type: "refused";
  meaning: Refusal["meaning"];
  facts: ServerFacts;
}

export type IdTokenVerdict =
  | { type: "valid"; user: User; authTime: number | undefined }
  | { type: "invalid" }
  /** The keys cannot be had now. */
  | { type: "unknown" };

/** The port through which a refresh leaves the tab. */
export interface Send {
  /** Loads what a send needs, before anything is claimed. Rejects with a NetworkError. */
  prepare(): Promise<void>;
  send(record: TokenRecord, want: WantKey): Promise<RefreshAnswer>;
  /** Judges the ID token of a committed answer against the person and the sign-in it must continue. */
  verify(record: TokenRecord): Promise<IdTokenVerdict>;
  /**
   * Has the server forget a refresh token that was that person's, unless somebody has signed in again: servers may drop the
   * whole grant with it. Settles with the server's answer. @see RFC 7009
   */
  revoke(user: string, refreshToken: string): Promise<void>;
}
