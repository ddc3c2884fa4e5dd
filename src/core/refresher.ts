import type { Refusal, TokenRecord } from "./session.ts";
import type { TokenSet } from "./token-set.ts";
import type { User } from "./user.ts";
import type { TargetKey } from "./token-target.ts";
import type { ServerFacts } from "./errors.ts";
import type { RequestTokenError } from "./protocol-errors.ts";

/** The token that a caller of a `Refresher` needs. */
export interface RefreshNeed {
  /** `sub` of the session's user. */
  user: string;
  target: TargetKey;
  /**
   * The returned token must have a `generation` greater than this number. The `generation` of a session increases with each
   * stored response. With -1, any token is good.
   */
  notGeneration: number;
}

/**
 * Refreshes the access tokens of stored sessions. No other part sends the refresh tokens of these sessions to the token
 * endpoint.
 */
export interface Refresher {
  /**
   * Returns an access token whose `generation` is greater than `need.notGeneration`. If `signal` is aborted, only this caller
   * stops waiting. The refresh goes on, because other callers share it.
   * @throws NoTokenError there is no session or no refresh token, or only a login for this target helps
   * @throws RefreshTokenError the session ended, or the server requires the session's user to log in
   * @throws RequestTokenError the server refused to issue a token for this target. The session is kept
   * @throws TimeoutError no token came within `patienceMs`. The refresh goes on
   */
  refresh(need: RefreshNeed, signal?: AbortSignal): Promise<TokenSet>;
  /**
   * Loads the code and the data for a refresh in advance. If `prepare()` is not called, the first refresh loads the code and
   * the data.
   * @throws NetworkError the code or the data could not be loaded
   */
  prepare(): Promise<void>;
  /**
   * Validates the signature of the user's stored ID token, but only if the session row says `signature: "pending"`. If the
   * server's keys are cached, the promise resolves after the validation. If the keys must be fetched, the promise resolves at
   * once, and the validation goes on in the background.
   */
  validate(user: string): Promise<void>;
}

/** The tokens that the server returned for a refresh token. */
export interface RefreshedTokens {
  accessToken: string;
  tokenType: string;
  /** When `accessToken` expires. Milliseconds since the epoch. */
  expiresAt: number;
  /** The granted scopes. Undefined: the requested scopes were granted. */
  scope: string[] | undefined;
  refreshToken: string | undefined;
  idToken: string | undefined;
  /**
   * The type of `accessToken`, as a URI. Present only after a token exchange.
   * @see https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1
   */
  issuedTokenType?: string;
}

/** The result of sending a refresh token once. */
export type RefreshResponse =
  /** The server issued tokens. If the response has an ID token, its claims are valid. */
  | { type: "tokens"; tokens: RefreshedTokens }
  /** A claim of the new ID token is invalid. The caller revokes the new `refreshToken`, and uses none of the new tokens. */
  | { type: "invalid_id_token"; claim: string; refreshToken: string | undefined }
  /** The server accepted the refresh token, but the response has no usable access token. `cause` says why. */
  | { type: "unusable"; refreshToken: string | undefined; cause: RequestTokenError }
  /** The server rejected the refresh token for good. */
  | { type: "invalid_grant" }
  | RefusedRefresh
  /**
   * The server did not process the request, for example because the server was overloaded (429 or 503). So the server has
   * not replaced the refresh token.
   */
  | { type: "not_rotated"; retryAfterMs: number | undefined; cause: unknown }
  /**
   * The server requires a DPoP nonce, and its response contains such a nonce. The caller sends the refresh token again, this
   * time with the nonce.
   * @see https://www.rfc-editor.org/rfc/rfc9449#section-8
   */
  | { type: "nonce" }
  /**
   * The refresh token was not sent, because newer metadata was fetched first. This metadata names another token endpoint. If
   * the caller calls `send()` again, the refresh token goes to that endpoint.
   */
  | { type: "moved" }
  /**
   * It is unknown whether the refresh token is still valid, because the server might have replaced it. `byServer`: true if the
   * server responded, so the network is not the cause.
   */
  | { type: "unknown"; byServer: boolean; cause: unknown }
  /** The refresh token was not sent, for example because the browser is offline. */
  | { type: "unsent" };

/** The server accepted the refresh token. If the response has an ID token, its claims are valid. */
export type GrantedResponse = Extract<RefreshResponse, { type: "tokens" | "unusable" }>;

/** The server refused to issue a token for a target. The session is kept, and no tab repeats the request for some time. */
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

/** Sends the requests of a `Refresher` to the server. Tests replace it. */
export interface Send {
  /**
   * Loads the code and the data for `send()`. Called before the session row stores an attempt to refresh.
   * @throws NetworkError the code or the data could not be loaded
   */
  prepare(): Promise<void>;
  /** Looks for newer server metadata that other tabs have stored, and uses it from now on. Sends no request. */
  sync(): Promise<void>;
  /** Sends the refresh token of `record` once, to get an access token for `target`. */
  send(record: TokenRecord, target: TargetKey): Promise<RefreshResponse>;
  /**
   * Validates the ID token in `record`: its signature, and its claims once more. If `keys` is `cached`, missing keys are not
   * fetched, because a caller is waiting for its access token.
   */
  verify(record: TokenRecord, keys: "cached" | "fetched"): Promise<IdTokenValidation>;
  /**
   * Revokes a refresh token of `user`, and settles when the server has responded. If the user has logged in again, rejects
   * without a request, because the server might end the new login together with the revoked token.
   * @see https://www.rfc-editor.org/rfc/rfc7009
   */
  revoke(user: string, refreshToken: string): Promise<void>;
}
