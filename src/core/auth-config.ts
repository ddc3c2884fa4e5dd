import type { Endpoints } from "./authorization-server.ts";
import { ConfigurationError } from "./errors.ts";
import { parseUrl, isSecureUrl } from "./same-origin.ts";

/** An app's registration at its authorization server, and the defaults of its logins. */
export interface AuthConfig {
  /** The issuer identifier of the authorization server, exactly as the server's metadata has it. */
  readonly issuer: string;
  /** The client id of a public client, which has no secret. */
  readonly clientId: string;
  /** The URL of this origin at which authorization responses arrive: absolute or relative, and registered at the server. */
  readonly redirectUri: string;
  /**
   * The scopes of every login. Default: openid, profile, email and offline_access, or no scopes when the server is not an
   * OpenID provider.
   */
  readonly scope?: readonly string[];
  /**
   * The APIs that the app requests with `getToken({ resource })`, as absolute URIs. Every login names these resources, so that
   * a refresh can request them. Any other resource needs a login of its own, or `reuseLeewayMs`.
   * @see https://www.rfc-editor.org/rfc/rfc8707#section-2.1
   */
  readonly resources?: readonly string[];
  /**
   * `ignore` accepts that a refresh changes `auth_time`, as Amazon Cognito and Azure AD B2C do. `compare` is the default: a
   * changed `auth_time` ends the session.
   * @see https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse
   */
  readonly authTimeOnRefresh?: "compare" | "ignore";
  /**
   * The endpoints of a server that publishes no metadata. Without `jwksUri` the server does not count as an OpenID provider:
   * a `userFetcher` then finds out which user has logged in.
   */
  readonly endpoints?: Endpoints;
  /**
   * The URL to which the server sends the user after a logout, registered at the server. Default: the server shows a page of
   * its own.
   */
  readonly postLogoutRedirectUri?: string;
}

/** Parts that an app supplies, unchecked. A function makes the part from the parts that `createAuth()` has composed. */
export interface AuthParts {
  readonly userFetcher?: object & { readonly fetchUser?: unknown };
  readonly grant?: object;
}

/** Without configured endpoints, the server's metadata names the keys of its ID tokens. */
function isOpenIdProvider(endpoints: Endpoints | undefined): boolean {
  return !endpoints || endpoints.jwksUri !== undefined;
}

/**
 * Validates the configuration of `createAuth()`.
 * @throws ConfigurationError an input cannot work; `input` names the first one
 */
export function checkAuthConfig(config: AuthConfig & AuthParts): void {
  const {
    redirectUri,
    postLogoutRedirectUri,
    scope,
    resources,
    authTimeOnRefresh = "compare",
    endpoints,
    userFetcher,
    grant,
  } = (config ?? {}) as Partial<AuthConfig & AuthParts>;
  checkRegistration(config);
  checkRedirect("redirectUri", redirectUri);
  if (postLogoutRedirectUri !== undefined) {
    checkRedirect("postLogoutRedirectUri", postLogoutRedirectUri);
  }
  const isOpenId = isOpenIdProvider(endpoints);
  if (scope !== undefined && !(Array.isArray(scope) && (!isOpenId || scope.includes("openid")))) {
    throw new ConfigurationError(
      "scope",
      Array.isArray(scope) ? "openid is missing" : "it is not a list",
      'Give scopes as a list, for example ["openid", "profile"].',
    );
  }
  if (resources !== undefined && !(Array.isArray(resources) && resources.every(isUri))) {
    throw new ConfigurationError(
      "resources",
      "it is not a list of absolute URIs",
      'Give resources as a list, for example ["https://api.example.com"].',
    );
  }
  if (!["compare", "ignore"].includes(authTimeOnRefresh)) {
    throw new ConfigurationError(
      "authTimeOnRefresh",
      "it is not a known value",
      'Give "compare" or "ignore".',
    );
  }
  checkMaker("grant", grant);
  const isNeeded = !isOpenId && !grant;
  checkMaker("userFetcher", userFetcher?.fetchUser ?? userFetcher ?? (isNeeded ? null : undefined));
}

/** @see https://www.rfc-editor.org/rfc/rfc8707#section-2 */
function isUri(resource: unknown): boolean {
  return typeof resource === "string" && parseUrl(resource)?.hash === "";
}

function checkMaker(input: string, part: unknown): void {
  if (part === undefined || typeof part === "function") return;
  throw new ConfigurationError(
    input,
    "it is missing or not a function",
    `Give a function that returns a ${input}.`,
  );
}

/**
 * Validates the registration of a client.
 * @throws ConfigurationError the issuer or the client id cannot work
 */
export function checkRegistration(config: Pick<AuthConfig, "issuer" | "clientId">): void {
  const { issuer, clientId } = (config ?? {}) as Partial<AuthConfig>;
  checkIssuer(issuer);
  if (typeof clientId !== "string" || clientId.trim() === "") {
    throw new ConfigurationError(
      "clientId",
      isMissing(clientId) ? "it is missing" : "it is blank or not a string",
      "Give the client id under which the authorization server knows this app.",
    );
  }
}

/** @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata */
function checkIssuer(issuer: unknown): void {
  const fail = (message: string) => {
    throw new ConfigurationError(
      "issuer",
      message,
      'Give the issuer as the server\'s metadata has it, for example "https://id.example.com".',
    );
  };
  if (isMissing(issuer)) fail("it is missing");
  const url = typeof issuer === "string" ? parseUrl(issuer) : undefined;
  if (!url) return fail("it is not a URL");
  if (!isSecureUrl(url)) fail("it does not use https; only localhost may use http");
  if (url.search || url.hash || url.username || url.password) {
    fail("it has a query, a fragment or credentials");
  }
  if (url.pathname.includes("/.well-known/")) fail("it is the URL of the metadata document");
}

/** @see https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2 */
function checkRedirect(input: string, value: unknown): void {
  const url =
    typeof value === "string" && value !== ""
      ? parseUrl(value, "https://relative.invalid")
      : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.hash) {
    throw new ConfigurationError(
      input,
      isMissing(value) ? "it is missing" : "it is not an http(s) URL, or it has a fragment",
      'Give a path of this app, for example "/callback", and register it at the server.',
    );
  }
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}
