import type { AuthorizationParameters } from "./authorization-parameters.ts";
import type { TokenSet } from "./token-set.ts";
import type { TokenTarget } from "./token-target.ts";

/**
 * The metadata of an authorization server, as far as Latchkey uses it.
 * @see https://www.rfc-editor.org/rfc/rfc8414#section-2
 */
export interface ServerMetadata {
  readonly issuer: string;
  /** Absent at a server without logins. */
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint: string;
  readonly jwksUri?: string;
  readonly revocationEndpoint?: string;
  readonly endSessionEndpoint?: string;
  readonly userinfoEndpoint?: string;
  readonly deviceAuthorizationEndpoint?: string;
  readonly idTokenSigningAlgValuesSupported?: readonly string[];
  /**
   * Every authorization response has `iss`.
   * @see https://www.rfc-editor.org/rfc/rfc9207
   */
  readonly authorizationResponseIssParameterSupported?: boolean;
}

/**
 * The endpoints of a server that publishes no metadata, or whose metadata is not to be loaded. Without `jwksUri` the server
 * does not count as an OpenID provider: no ID token is requested or expected, and a `UserFetcher` finds out which user has
 * logged in.
 */
export type Endpoints = Omit<ServerMetadata, "issuer">;

/**
 * An authorization request.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1
 */
export interface AuthorizationRequest extends AuthorizationParameters {
  /** `sub` of the user that the login is for. `TokenSet.asked` contains it. */
  readonly user?: string;
  /** More resources to name, beside `resource` and the configured ones. */
  readonly resources?: readonly string[];
  /** An absolute URL. */
  readonly redirectUri: string;
}

/**
 * A request to the end-session endpoint.
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout
 */
export interface EndSessionRequest {
  /** Sent as `id_token_hint`. */
  readonly idToken?: string | undefined;
  /** An absolute URL. */
  readonly postLogoutRedirectUri?: string | undefined;
  /** The server adds it to the URL that it sends the page back to. */
  readonly state?: string | undefined;
}

/**
 * The parameters of a token request by their names in the RFC. Undefined and empty values are not sent. A list is sent as
 * repeated parameters. `requestTokens()` adds the client id and the client authentication.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.5
 */
export type TokenParameters = { readonly grant_type: string } & Readonly<
  Record<string, string | readonly string[] | undefined>
>;

/** The options of one token request. */
export interface TokenRequestOptions {
  /** The absolute URL of the token endpoint. Default: the token endpoint of the metadata. */
  readonly tokenEndpoint?: string | undefined;
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
  /** When both codes expire. Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The shortest pause between two polls. Milliseconds. */
  readonly intervalMs: number;
  /** The requested scopes, the configured ones included. A token response without `scope` grants these. */
  readonly scope?: readonly string[];
}

/** The endpoints of an authorization server, as methods. */
export interface AuthorizationServer {
  /**
   * Stores a new authorization request as pending and returns its URL.
   * @throws ConfigurationError a URL of the request cannot work
   */
  authorize(request: AuthorizationRequest, signal?: AbortSignal): Promise<string>;
  /**
   * Validates an authorization response, exchanges its code once, and verifies the token response.
   * @throws InvalidResponseError the response belongs to no pending request of this client
   * @throws AuthorizationError the server returned an error in place of a code
   * @throws RequestTokenError the server refused the code, or its token response is malformed
   * @throws IdTokenError the ID token is missing or invalid
   * @throws NetworkError no response came; retryable only while the code was not sent
   */
  exchange(response: string, signal?: AbortSignal): Promise<TokenSet>;
  /**
   * Sends a token request of any other grant, once. A valid ID token in the response gives `user`. When the ID token of a
   * refresh cannot be verified now, the tokens are returned without `idToken` and `user`, because no other copy of the new
   * refresh token exists.
   * @throws RequestTokenError the server refused the request, or its response is malformed
   * @throws IdTokenError the ID token is invalid, or (then retryable) it cannot be verified now
   * @throws NetworkError no response came, or nothing was sent
   */
  requestTokens(parameters: TokenParameters, options?: TokenRequestOptions): Promise<TokenSet>;
  /**
   * Requests a device code.
   * @throws DeviceCodeError the server has no such endpoint or refused the request, or its response is malformed
   * @throws NetworkError no response came; the hint names CORS when CORS is the reason
   * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.1
   */
  authorizeDevice(request: TokenTarget, signal?: AbortSignal): Promise<DeviceAuthorization>;
  /**
   * Returns the claims of the user that an access token belongs to.
   * @throws UserFetchError the server has no such endpoint or refused the request, or its response is malformed
   * @throws NetworkError no response came
   * @see https://openid.net/specs/openid-connect-core-1_0.html#UserInfo
   */
  userinfo(accessToken: string, signal?: AbortSignal): Promise<Record<string, unknown>>;
  /**
   * Revokes a refresh token. Does nothing at a server without a revocation endpoint.
   * @throws RequestTokenError the server refused the request
   * @throws NetworkError no response came
   * @see https://www.rfc-editor.org/rfc/rfc7009
   */
  revoke(refreshToken: string, signal?: AbortSignal): Promise<void>;
  /** Returns the URL that ends the user's session at the server, or undefined when the server has no such endpoint. */
  endSession(request: EndSessionRequest, signal?: AbortSignal): Promise<string | undefined>;
}
