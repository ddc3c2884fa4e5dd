import type { Refusal, TokenRecord } from "./session.ts";
import type { TokenSet } from "./token-set.ts";
import type { User } from "./user.ts";
import type { TargetKey } from "./token-target.ts";
import type { ServerFacts } from "./errors.ts";
import type { RequestTokenError } from "./protocol-errors.ts";

/** The parameters of `Refresher.refresh()`: which access token the caller needs. */
export interface RefreshNeed {
  /** The `sub` of the session's user. */
  user: string;
  target: TargetKey;
  /**
   * Only a token with a `generation` greater than this number is returned. A session's `generation` increases with each stored
   * token response. With -1, every token is accepted.
   */
  notGeneration: number;
}

/**
 * Refreshes the access tokens of stored sessions. Only a `Refresher` sends the refresh tokens of these sessions to the token
 * endpoint.
 */
export interface Refresher {
  /**
   * Returns an access token whose `generation` is greater than `need.notGeneration`. If `signal` is aborted, this caller stops
   * waiting, but the refresh continues for other callers.
   * @throws NoTokenError there is no session, there is no refresh token, or the target needs a login
   * @throws RefreshTokenError the session ended, or the server requires the session's user to log in
   * @throws RequestTokenError the server refused to issue a token for this target. The session is kept
   * @throws TimeoutError no token arrived in time. The refresh continues
   */
  refresh(need: RefreshNeed, signal?: AbortSignal): Promise<TokenSet>;
  /**
   * Loads in advance the code and the data that the first refresh needs. A call of `prepare()` is optional.
   * @throws NetworkError the code or the data could not be loaded
   */
  prepare(): Promise<void>;
  /**
   * If the session row has `signature: "pending"`, validates the signature of the user's stored ID token. If the server's keys
   * must be fetched first, resolves at once and validates in the background.
   */
  validate(user: string): Promise<void>;
  /** Closes the connection to a worker, if there is one. A later `refresh()` connects again. */
  close?(): void;
}

/** The tokens that the server returned for a refresh token. */
export interface RefreshedTokens {
  accessToken: string;
  tokenType: string;
  /** When `accessToken` expires. Milliseconds since the epoch. */
  expiresAt: number;
  /** The granted scopes. Undefined if the server granted exactly the requested scopes. */
  scope: string[] | undefined;
  refreshToken: string | undefined;
  idToken: string | undefined;
  /**
   * The type of `accessToken`, as a URI. Present only after a token exchange.
   * @see https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1
   */
  issuedTokenType?: string;
  /** The other members of the response. A session does not store these members. */
  extra?: Readonly<Record<string, unknown>>;
}

/** The result of one try to send the refresh token. */
export type RefreshResponse =
  /** The server issued tokens. If there is a new ID token, its claims are valid. */
  | { type: "tokens"; tokens: RefreshedTokens }
  /** A claim of the new ID token is invalid. The caller must not use the new tokens, and revokes the new `refreshToken`. */
  | { type: "invalid_id_token"; claim: string; refreshToken: string | undefined }
  /** The server accepted the refresh token, but the response has no usable access token. `cause` says why. */
  | { type: "unusable"; refreshToken: string | undefined; cause: RequestTokenError }
  /** The server rejected the refresh token for good. */
  | { type: "invalid_grant" }
  | RefusedRefresh
  /**
   * The server did not process the request, for example because of overload (429 or 503). So the refresh token is still valid.
   */
  | { type: "not_rotated"; retryAfterMs: number | undefined; cause: unknown }
  /**
   * The server requires a DPoP nonce, and has sent a nonce. The caller sends the refresh token again with this nonce.
   * @see https://www.rfc-editor.org/rfc/rfc9449#section-8
   */
  | { type: "nonce" }
  /**
   * The refresh token was not sent, because newer server metadata names another token endpoint. The next `send()` uses the new
   * endpoint.
   */
  | { type: "moved" }
  /**
   * The refresh token might be used up, because there was no clear response. `byServer`: true if the server responded, false if
   * no response arrived.
   */
  | { type: "unknown"; byServer: boolean; cause: unknown }
  /** The refresh token was not sent, for example because the browser is offline. */
  | { type: "unsent" };

/** A response that shows that the server accepted the refresh token. */
export type GrantedResponse = Extract<RefreshResponse, { type: "tokens" | "unusable" }>;

/**
 * The server refused to issue a token for a target (scope, resource and audience). The session is kept, and no tab repeats the
 * request for some time.
 */
export interface RefusedRefresh {
  type: "refused";
  meaning: Refusal["meaning"];
  facts: ServerFacts;
}

/** The result of the validation of a stored ID token. */
export type IdTokenValidation =
  | { type: "valid"; user: User; authTime: number | undefined }
  | { type: "invalid"; claim: string }
  /** The ID token could not be validated, because the server's keys are not available now. */
  | { type: "unknown" };

/** Sends the requests of a `Refresher` to the server. Tests pass a fake `Send`. */
export interface Send {
  /**
   * Loads the code and the data that `send()` needs.
   * @throws NetworkError the code or the data could not be loaded
   */
  prepare(): Promise<void>;
  /** If another tab has stored newer server metadata, uses this metadata from now on. Sends no request. */
  sync(): Promise<void>;
  /** Sends the refresh token of `record` once to get an access token for `target`. */
  send(record: TokenRecord, target: TargetKey): Promise<RefreshResponse>;
  /**
   * Validates the signature and the claims of the ID token in `record`. With `cached`, only cached server keys are used. With
   * `fetched`, missing keys are fetched.
   */
  verify(record: TokenRecord, keys: "cached" | "fetched"): Promise<IdTokenValidation>;
  /**
   * Revokes a refresh token of `user`. Settles when the server has responded. If the user has logged in again, rejects and
   * sends no request, because the revocation might also end the new login.
   * @see https://www.rfc-editor.org/rfc/rfc7009
   */
  revoke(user: string, refreshToken: string): Promise<void>;
}
