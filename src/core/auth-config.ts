import type { Endpoints } from "./authorization-server.ts";
import { ConfigurationError } from "./errors.ts";
import { parseUrl, isSecureUrl } from "./same-origin.ts";

/** What an app says about itself and its authorization server. */
export interface AuthConfig {
  /** The authorization server's issuer identifier, exactly as its metadata says it. */
  readonly issuer: string;
  /** Of a public client: no secret. */
  readonly clientId: string;
  /** Where authorization responses arrive: a URL of this origin, absolute or relative, registered at the server. */
  readonly redirectUri: string;
  /** What a login asks for; openid, profile, email and offline_access when not given, or nothing when the server is no OpenID provider. */
  readonly scope?: readonly string[];
  /**
   * The APIs that `getToken({ resource })` will be asked for, as absolute URIs. Every login names them, and so the refresh
   * token can be asked for them. Other resources need a login of their own, or `reuseLeewayMs`. @see RFC 8707 section 2.1
   */
  readonly resources?: readonly string[];
  /**
   * `ignore`: accept that `auth_time` changes at a refresh, as it does at Amazon Cognito and Azure AD B2C. Default
   * `compare`: a changed `auth_time` ends the session. @see OpenID Connect Core 1.0 section 12.2
   */
  readonly authTimeOnRefresh?: "compare" | "ignore";
  /** Of a server that publishes no metadata. Without `jwksUri` it is no OpenID provider, and a `userFetcher` tells who signed in. */
  readonly endpoints?: Endpoints;
  /** Where the server sends the person after a sign-out, registered there; it shows a page of its own when not given. */
  readonly postLogoutRedirectUri?: string;
}

/** Parts that an app brings along; a function makes them of what it is given. */
export interface AuthParts {
  readonly userFetcher?: object & { readonly fetchUser?: unknown };
  readonly grant?: object;
}

/** Has ID tokens. */
function isOpenIdProvider(endpoints: Endpoints | undefined): boolean {
  return !endpoints || endpoints.jwksUri !== undefined;
}

/** @throws ConfigurationError the first input that cannot work, by name */
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

/** @see RFC 8707 section 2 */
function isUri(resource: unknown): boolean {
  return typeof resource === "string" && parseUrl(resource)?.hash === "";
}

function checkMaker(input: string, part: unknown): void {
  if (part === undefined || typeof part === "function") return;
  throw new ConfigurationError(
    input,
    "it is missing, or it is not a function",
    "Give a function that makes one.",
  );
}

/** @throws ConfigurationError the issuer or the client id cannot work */
export function checkRegistration(config: Pick<AuthConfig, "issuer" | "clientId">): void {
  const { issuer, clientId } = (config ?? {}) as Partial<AuthConfig>;
  checkIssuer(issuer);
  if (typeof clientId !== "string" || clientId.trim() === "") {
    throw new ConfigurationError(
      "clientId",
      isMissing(clientId) ? "it is missing" : "it is not a name",
      "Give the client id that your authorization server knows.",
    );
  }
}

/** @see OpenID Connect Discovery 1.0 section 3 */
function checkIssuer(issuer: unknown): void {
  const fail = (message: string) => {
    throw new ConfigurationError(
      "issuer",
      message,
      'Give the issuer as the server\'s metadata says it, for example "https://id.example.com".',
    );
  };
  if (isMissing(issuer)) fail("it is missing");
  const url = typeof issuer === "string" ? parseUrl(issuer) : undefined;
  if (!url) return fail("it is not a URL");
  if (!isSecureUrl(url)) fail("it is not https, which only localhost may do without");
  if (url.search || url.hash || url.username || url.password) {
    fail("it has more than a host and a path");
  }
  if (url.pathname.includes("/.well-known/")) fail("it is the address of the metadata");
}

/** @see RFC 6749 section 3.1.2 */
function checkRedirect(input: string, value: unknown): void {
  const url =
    typeof value === "string" && value !== ""
      ? parseUrl(value, "https://relative.invalid")
      : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.hash) {
    throw new ConfigurationError(
      input,
      isMissing(value) ? "it is missing" : "it is not a URL of a page, or it has a fragment",
      'Give a path of this app, for example "/callback", and register it at the server.',
    );
  }
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}
