import type { Refusal, TokenRecord } from "./session.ts";
import type { TokenSet } from "./token-set.ts";
import type { User } from "./user.ts";
import type { TargetKey } from "./token-target.ts";
import type { ServerFacts } from "./errors.ts";
import type { RequestTokenError } from "./protocol-errors.ts";

/** The token that a caller of a `Refresher` needs. */
export interface RefreshNeed {
  /** `sub` of the session. */
  user: string;
  target: TargetKey;
  /** The token must be newer than this generation. -1 for any token. */
  notGeneration: number;
}

/** The only part that sends a stored refresh token. */
export interface Refresher {
  /**
   * Returns an access token that is newer than `need.notGeneration`. An aborted signal ends the wait of this caller and never
   * the shared attempt.
   * @throws NoTokenError there is no session or no refresh token, or only a login for this target helps
   * @throws RefreshTokenError the session ended, or the server asks for its user
   * @throws RequestTokenError the server refused this target; the session is kept
   * @throws TimeoutError no token came within `patienceMs`; the attempt goes on
   */
  refresh(need: RefreshNeed, signal?: AbortSignal): Promise<TokenSet>;
  /**
   * Loads the code and the data that a refresh needs. Without this call the first refresh loads them.
   * @throws NetworkError they could not be loaded
   */
  prepare(): Promise<void>;
  /**
   * Validates the signature of the user's stored ID token if the row says `signature: "pending"`. Resolves when cached keys
   * have decided. Without cached keys the promise resolves too, and the validation goes on in the background.
   */
  validate(user: string): Promise<void>;
}

/** The token response to a refresh token. */
export interface RefreshedTokens {
  accessToken: string;
  tokenType: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** The granted scopes. Undefined: the requested scopes were granted. */
  scope: string[] | undefined;
  refreshToken: string | undefined;
  idToken: string | undefined;
  /**
   * Present after a token exchange only.
   * @see https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1
   */
  issuedTokenType?: string;
}

/** The result of one send of a refresh token. */
export type RefreshResponse =
  /** The response has tokens. The claims of its ID token, if it has one, are validated. */
  | { type: "tokens"; tokens: RefreshedTokens }
  /** A claim of the ID token is invalid. Only the response's refresh token is kept, so that it can be revoked. */
  | { type: "invalid_id_token"; claim: string; refreshToken: string | undefined }
  /** The server used the refresh token, and its response has no usable access token. `cause` says why. */
  | { type: "unusable"; refreshToken: string | undefined; cause: RequestTokenError }
  /** The server rejected the refresh token for good. */
  | { type: "invalid_grant" }
  | RefusedRefresh
  /** The server did not use the refresh token: 429, 503. */
  | { type: "not_rotated"; retryAfterMs: number | undefined; cause: unknown }
  /**
   * The server requires its DPoP nonce, which is known now.
   * @see https://www.rfc-editor.org/rfc/rfc9449#section-8
   */
  | { type: "nonce" }
  /** Nothing was sent. The metadata was read instead, and it names another token endpoint for the next send. */
  | { type: "moved" }
  /** It is unknown whether the server used the token. `byServer`: a response came, so a better network would not help. */
  | { type: "unknown"; byServer: boolean; cause: unknown }
  /** Nothing was sent. */
  | { type: "unsent" };

/** The server used the refresh token. The ID token of the response, if it has one, has valid claims. */
export type GrantedResponse = Extract<RefreshResponse, { type: "tokens" | "unusable" }>;

/** The server refused a target for some time. The session is kept. */
export interface RefusedRefresh {
  type: "refused";
  meaning: Refusal["meaning"];
  facts: ServerFacts;
}

/** The result of the validation of a stored ID token. */
export type IdTokenValidation =
  | { type: "valid"; user: User; authTime: number | undefined }
  | { type: "invalid"; claim: string }
  /** The keys are not available now. */
  | { type: "unknown" };

/** The port through which a refresher reaches the server. */
export interface Send {
  /**
   * Loads the code and the data that a send needs, before an attempt is stored.
   * @throws NetworkError they could not be loaded
   */
  prepare(): Promise<void>;
  /** Takes over metadata that other tabs have read since. Uses no network. */
  sync(): Promise<void>;
  /** Sends the refresh token of `record`, once. */
  send(record: TokenRecord, target: TargetKey): Promise<RefreshResponse>;
  /**
   * Validates the signature of a stored ID token, and its claims once more. `cached`: missing keys are not fetched, because
   * a caller waits for its token.
   */
  verify(record: TokenRecord, keys: "cached" | "fetched"): Promise<IdTokenValidation>;
  /**
   * Revokes a refresh token of `user`, unless the user has logged in again: a server may end the whole grant with the token.
   * Settles with the server's response.
   * @see https://www.rfc-editor.org/rfc/rfc7009
   */
  revoke(user: string, refreshToken: string): Promise<void>;
}
