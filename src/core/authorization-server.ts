import type { AuthorizationParameters } from "./authorization-parameters.ts";
import type { TokenSet } from "./token-set.ts";

/**
 * What an authorization server publishes about itself; what Latchkey uses of it.
 * @see RFC 8414 section 2
 */
export interface ServerMetadata {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly jwksUri?: string;
  readonly revocationEndpoint?: string;
  readonly endSessionEndpoint?: string;
  readonly idTokenSigningAlgValuesSupported?: readonly string[];
  /** RFC 9207: every authorization response carries `iss`. */
  readonly authorizationResponseIssParameterSupported?: boolean;
}

/** @see RFC 6749 section 4.1.1 */
export interface AuthorizationRequest extends AuthorizationParameters {
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

/** The endpoints of an authorization server as calls. */
export interface AuthorizationServer {
  /** Remembers a new authorization request and gives the URL that makes it. */
  authorize(request: AuthorizationRequest, signal?: AbortSignal): Promise<string>;
  /** Judges an authorization response, exchanges its code, once, and verifies what comes back. */
  exchange(response: string, signal?: AbortSignal): Promise<TokenSet>;
  /** @see RFC 7009 */
  revoke(refreshToken: string, signal?: AbortSignal): Promise<void>;
  /** The URL that ends the person's session at the server; undefined when the server has no such endpoint. */
  endSession(request: EndSessionRequest, signal?: AbortSignal): Promise<string | undefined>;
}
