import type { AuthorizationParameters } from "./authorization-parameters.ts";
import type { TokenSet } from "./token-set.ts";
import type { TokenTarget } from "./token-target.ts";

/**
 * What an authorization server publishes about itself; what Latchkey uses of it.
 * @see RFC 8414 section 2
 */
export interface ServerMetadata {
  readonly issuer: string;
  /** A server that signs nobody in has none. */
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint: string;
  readonly jwksUri?: string;
  readonly revocationEndpoint?: string;
  readonly endSessionEndpoint?: string;
  readonly userinfoEndpoint?: string;
  readonly deviceAuthorizationEndpoint?: string;
  readonly idTokenSigningAlgValuesSupported?: readonly string[];
  /** RFC 9207: every authorization response carries `iss`. */
  readonly authorizationResponseIssParameterSupported?: boolean;
}

/**
 * The endpoints of a server that publishes no metadata, or whose metadata is not to be asked for. Without `jwksUri` it is no
 * OpenID provider: no ID token is asked for or expected, and a `UserFetcher` tells who signed in.
 */
export type Endpoints = Omit<ServerMetadata, "issuer">;

/** @see RFC 6749 section 4.1.1 */
export interface AuthorizationRequest extends AuthorizationParameters {
  /** `sub` of whom it is for, if for one person; it comes back with the answer. */
  readonly user?: string;
  /** Named beside `resource` and the configured ones. */
  readonly resources?: readonly string[];
  /** Absolute. */
  readonly redirectUri: string;
}

/** @see OpenID Connect RP-Initiated Logout 1.0 section 2 */
export interface EndSessionRequest {
  readonly idToken?: string | undefined;
  readonly postLogoutRedirectUri?: string | undefined;
  /** Comes back with the page. */
  readonly state?: string | undefined;
}

/**
 * The parameters of a token request by their names in the RFC. What is undefined or empty is not sent; a list is sent as
 * repeated parameters. The client's identification and authentication are added.
 * @see RFC 6749 section 4.5
 */
export type TokenParameters = { readonly grant_type: string } & Readonly<
  Record<string, string | readonly string[] | undefined>
>;

export interface TokenRequestOptions {
  /** Another token endpoint than the server's own; absolute. */
  readonly tokenEndpoint?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @see RFC 8628 section 3.2 */
export interface DeviceAuthorization {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete?: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Between two polls at least. Milliseconds. */
  readonly intervalMs: number;
  /** As asked, the configured ones among them: what an answer without `scope` grants. */
  readonly scope?: readonly string[];
}

/** The endpoints of an authorization server as calls. */
export interface AuthorizationServer {
  /** Remembers a new authorization request and gives the URL that makes it. */
  authorize(request: AuthorizationRequest, signal?: AbortSignal): Promise<string>;
  /** Judges an authorization response, exchanges its code, once, and verifies what comes back. */
  exchange(response: string, signal?: AbortSignal): Promise<TokenSet>;
  /**
   * A token request of any other grant, sent once. An ID token in the answer is verified and gives `user`; a refresh whose ID
   * token cannot be verified now gives its tokens without one: the new refresh token exists once.
   * @throws RequestTokenError refused, with the server's `error`; or answered badly
   * @throws IdTokenError the answer's ID token must not be trusted; retryable when it cannot be verified now
   * @throws NetworkError no answer, or nothing was sent
   */
  requestTokens(parameters: TokenParameters, options?: TokenRequestOptions): Promise<TokenSet>;
  /**
   * Asks for a device code. @see RFC 8628 section 3.1
   * @throws DeviceCodeError the server has no such endpoint, refused, or answered badly
   * @throws NetworkError no answer; the hint names CORS when that is why
   */
  authorizeDevice(request: TokenTarget, signal?: AbortSignal): Promise<DeviceAuthorization>;
  /**
   * Claims about the person an access token is for. @see OpenID Connect Core 1.0 section 5.3
   * @throws UserFetchError refused, or answered badly
   * @throws NetworkError no answer
   */
  userinfo(accessToken: string, signal?: AbortSignal): Promise<Record<string, unknown>>;
  /** @see RFC 7009 */
  revoke(refreshToken: string, signal?: AbortSignal): Promise<void>;
  /** The URL that ends the person's session at the server; undefined when the server has no such endpoint. */
  endSession(request: EndSessionRequest, signal?: AbortSignal): Promise<string | undefined>;
}
