import type { AuthorizationParameters, OwnParameters, Prompt } from "./authorization-parameters.ts";
import type { TokenSet } from "./token-set.ts";
import type { TokenTarget } from "./token-target.ts";

/**
 * The part of an authorization server's metadata that Latchkey uses.
 * @see https://www.rfc-editor.org/rfc/rfc8414#section-2
 */
export interface ServerMetadata {
  readonly issuer: string;
  /** Absent if the server has no login page. */
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint: string;
  readonly jwksUri?: string;
  readonly revocationEndpoint?: string;
  readonly endSessionEndpoint?: string;
  readonly userinfoEndpoint?: string;
  readonly deviceAuthorizationEndpoint?: string;
  readonly idTokenSigningAlgValuesSupported?: readonly string[];
  /** The values of the parameter `prompt` that the server supports. Absent if the server does not say. */
  readonly promptValuesSupported?: readonly string[];
  /**
   * True when every authorization response has the parameter `iss`.
   * @see https://www.rfc-editor.org/rfc/rfc9207
   */
  readonly authorizationResponseIssParameterSupported?: boolean;
  /** The optional endpoints whose URLs in the metadata document are not valid. A call that needs such an endpoint fails. */
  readonly malformed?: readonly OptionalEndpoint[];
}

/** The endpoints that a server may lack. */
export type OptionalEndpoint =
  | "jwksUri"
  | "revocationEndpoint"
  | "endSessionEndpoint"
  | "userinfoEndpoint"
  | "deviceAuthorizationEndpoint";

/**
 * An authorization request.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1
 */
export interface AuthorizationRequest extends AuthorizationParameters {
  /** The `sub` of the user who is expected to log in. */
  readonly user?: string;
  /** Further resources that the login requests, in addition to `resource` and to `AuthConfig.resources`. */
  readonly resources?: readonly string[];
  /** The absolute URL to which the server sends the authorization response. */
  readonly redirectUri: string;
  /** The prompt to request if the server's metadata does not list `prompt` in `prompt_values_supported`. */
  readonly fallbackPrompt?: Prompt;
  /** An ID token of the user who is expected to log in, for the parameter `id_token_hint`. */
  readonly idTokenHint?: string;
}

/**
 * A request to the end-session endpoint.
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout
 */
export interface EndSessionRequest {
  /** An ID token of the session that ends, for the parameter `id_token_hint`. */
  readonly idToken?: string | undefined;
  /**
   * A name by which the server identifies the user, for the parameter `logout_hint`. Sent instead of an ID token that is too
   * long.
   */
  readonly logoutHint?: string | undefined;
  /** The absolute URL to which the server redirects the browser after the logout. */
  readonly postLogoutRedirectUri?: string | undefined;
  /** A value that the server adds to `postLogoutRedirectUri`. The app recognises the logout response by this value. */
  readonly state?: string | undefined;
  /** Additional parameters of the request. `endSession()` does not check these parameters. `Auth.logout()` checks them first. */
  readonly parameters?: OwnParameters | undefined;
}

/**
 * The parameters of a token request, by their OAuth names. Empty and undefined values are not sent. For a list, the parameter
 * is sent once for each element. `requestTokens()` adds the client id and the client authentication.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.5
 */
export type TokenParameters = { readonly grant_type: string } & Readonly<
  Record<string, string | readonly string[] | undefined>
>;

/** The options of one token request. */
export interface TokenRequestOptions {
  /** The absolute URL of the token endpoint. Default: `ServerMetadata.tokenEndpoint`. */
  readonly tokenEndpoint?: string | undefined;
  /** The granted scopes if the response has no `scope`. Default: the parameter `scope` of the request. */
  readonly scope?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A device authorization response.
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.2
 */
export interface DeviceAuthorization {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete?: string;
  /** When `deviceCode` and `userCode` expire. Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The shortest allowed pause between two token requests with `deviceCode`. Milliseconds. */
  readonly intervalMs: number;
  /** All requested scopes. If the token response has no `scope`, the server has granted all these scopes. */
  readonly scope?: readonly string[];
}

/** The kind of a token that is revoked. @see https://www.rfc-editor.org/rfc/rfc7009#section-2.1 */
export type RevokedToken = "refresh_token" | "access_token";

/** Sends requests to the endpoints of an authorization server, and creates the URLs of the server's login and logout pages. */
export interface AuthorizationServer {
  /**
   * Stores a new authorization request as pending, and returns the URL of the login page.
   * @throws ConfigurationError `redirectUri` or `returnTo` is invalid, the server has no authorization endpoint, or the page is
   * no secure context
   */
  authorize(request: AuthorizationRequest, signal?: AbortSignal): Promise<string>;
  /**
   * Exchanges the code of an authorization response for tokens. `response` is the URL of the response. Validates the
   * authorization response and the token response. The code is sent at most once.
   * @throws InvalidResponseError `response` does not belong to a pending request of this client
   * @throws AuthorizationError the authorization response contains an error
   * @throws RequestTokenError the server refused the code or sent a malformed token response
   * @throws IdTokenError the ID token is missing or invalid
   * @throws NetworkError no response came. If the code was not sent, `error.retryable` is true
   */
  exchange(response: string, signal?: AbortSignal): Promise<TokenSet>;
  /**
   * Sends one token request, for any grant type except `authorization_code`. If the response has a valid ID token, the returned
   * `user` contains the claims of that token.
   *
   * If the ID token of a refresh cannot be verified now, for example because the keys cannot be fetched, the returned tokens
   * have no `idToken` and no `user`. If this method threw an error, the new refresh token would be lost.
   * @throws RequestTokenError the server refused the request or sent a malformed response
   * @throws IdTokenError the ID token is invalid. If the request is not a refresh, also thrown if the ID token cannot be
   * verified now. `error.retryable` is then true
   * @throws NetworkError the request could not be sent, or no response came
   */
  requestTokens(parameters: TokenParameters, options?: TokenRequestOptions): Promise<TokenSet>;
  /**
   * Requests a device code.
   * @throws DeviceCodeError the server has no device authorization endpoint, refused the request, or sent a malformed response
   * @throws NetworkError no response came
   * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.1
   */
  authorizeDevice(request: TokenTarget, signal?: AbortSignal): Promise<DeviceAuthorization>;
  /**
   * Returns the userinfo claims of the user for whom `accessToken` was issued.
   * @throws UserFetchError the server has no userinfo endpoint, refused the request, or sent a malformed response
   * @throws NetworkError no response came
   * @see https://openid.net/specs/openid-connect-core-1_0.html#UserInfo
   */
  userinfo(accessToken: string, signal?: AbortSignal): Promise<Record<string, unknown>>;
  /**
   * Revokes a token. Default: a refresh token. If the server has no revocation endpoint, does nothing.
   * @throws RequestTokenError the server refused the request
   * @throws NetworkError no response came
   * @see https://www.rfc-editor.org/rfc/rfc7009
   */
  revoke(token: string, signal?: AbortSignal, kind?: RevokedToken): Promise<void>;
  /**
   * Returns the URL of the server's logout page. If the server has no end-session endpoint, returns undefined.
   * @throws ConfigurationError `request.parameters` has a parameter that Latchkey sets
   */
  endSession(request: EndSessionRequest, signal?: AbortSignal): Promise<string | undefined>;
  /** Returns the names of the endpoints for a logout that are missing in the server's metadata. */
  missingEndpoints?(signal?: AbortSignal): Promise<readonly LogoutEndpoint[]>;
}

/** The metadata names of the endpoints for a logout. */
export type LogoutEndpoint = "revocation_endpoint" | "end_session_endpoint";
