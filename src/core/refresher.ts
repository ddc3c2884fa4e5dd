import type { Refusal, TokenRecord } from "./session.ts";
import type { TokenSet } from "./token-set.ts";
import type { User } from "./user.ts";
import type { TargetKey } from "./token-target.ts";
import type { RequestTokenError, ServerFacts } from "./errors.ts";

export interface RefreshNeed {
  /** `sub` of the session. */
  user: string;
  target: TargetKey;
  /** Only a token newer than this generation will do; -1 for any. */
  notGeneration: number;
}

/** The only one who sends a stored refresh token. */
export interface Refresher {
  /**
   * Satisfied by an access token newer than `need.notGeneration`. An aborted signal leaves the shared attempt; it never aborts it.
   * @throws NoTokenError no session, nothing to refresh it with, or only a login for this target helps
   * @throws RefreshTokenError the session ended, or the server asks for its user
   * @throws RequestTokenError this want was refused; the session stands
   * @throws TimeoutError patience ended; with `pending` the attempt goes on
   */
  refresh(need: RefreshNeed, signal?: AbortSignal): Promise<TokenSet>;
  /** Loads what a refresh needs; the first one does it by itself. @throws NetworkError */
  prepare(): Promise<void>;
  /**
   * Validates the signature of the user's stored ID token, if the row says that it is pending. Resolves when keys that are
   * at hand have decided, or when there are none: then the validation goes on in the background.
   */
  validate(user: string): Promise<void>;
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
export type RefreshResponse =
  /** The claims of the ID token, if there is one, are validated. */
  | { type: "tokens"; tokens: RefreshedTokens }
  /** The ID token's claims are wrong. Of this response nothing is left but the refresh token, to revoke it. */
  | { type: "invalid_id_token"; claim: string; refreshToken: string | undefined }
  /** The server used the refresh token, and its response has no access token that can be used. `cause` says why. */
  | { type: "unusable"; refreshToken: string | undefined; cause: RequestTokenError }
  | { type: "invalid_grant" }
  | RefusedRefresh
  /** The server was reached and did not use the token: 429, 503. */
  | { type: "not_rotated"; retryAfterMs: number | undefined; cause: unknown }
  /** The server wants its DPoP nonce, which is known now. @see RFC 9449 section 8 */
  | { type: "nonce" }
  /** Nothing was sent. The metadata was read instead, and names the address for the next send. */
  | { type: "moved" }
  /** Nobody knows whether the server used the token; `byServer`: it answered, and a better network would not help. */
  | { type: "unknown"; byServer: boolean; cause: unknown }
  | { type: "unsent" };

/** The server used the refresh token, and what came back is valid. */
export type GrantedResponse = Extract<RefreshResponse, { type: "tokens" | "unusable" }>;
/** The server refused a target for a while, and the session stands. */
export interface RefusedRefresh {
  type: "refused";
  meaning: Refusal["meaning"];
  facts: ServerFacts;
}

export type IdTokenValidation =
  | { type: "valid"; user: User; authTime: number | undefined }
  | { type: "invalid"; claim: string }
  /** The keys cannot be had now. */
  | { type: "unknown" };

/** The port through which a refresh leaves the tab. */
export interface Send {
  /** Loads what a send needs, before anything is claimed. Rejects with a NetworkError. */
  prepare(): Promise<void>;
  /** Takes over what other tabs have learned about the server since. Uses no network. */
  sync(): Promise<void>;
  send(record: TokenRecord, target: TargetKey): Promise<RefreshResponse>;
  /**
   * Validates a stored ID token: its signature, and once more its claims. `cached`: the caller waits with a token, so that
   * missing keys are not fetched.
   */
  verify(record: TokenRecord, keys: "cached" | "fetched"): Promise<IdTokenValidation>;
  /**
   * Has the server forget a refresh token that was that person's, unless somebody has signed in again: servers may drop the
   * whole grant with it. Settles with the server's answer. @see RFC 7009
   */
  revoke(user: string, refreshToken: string): Promise<void>;
}
