import { assertPrompt } from "./authorization-parameters.ts";
import { isOpenIdProvider, type Endpoints } from "./endpoints.ts";
import { ConfigurationError } from "./errors.ts";
import { isRedirectUri, isSecureUrl, parseUrl } from "./same-origin.ts";
import type { UserAgent } from "./user-agent.ts";

/** The client id, URLs and other settings that an app passes to `createAuth()`. */
export interface AuthConfig {
  /**
   * The URL that identifies the authorization server. The value must be exactly the `issuer` value of the server's metadata.
   */
  readonly issuer: string;
  /** The app's client id at the authorization server. The app is a public client, so the app has no client secret. */
  readonly clientId: string;
  /**
   * The absolute or relative URL to which the server sends authorization responses. The URL must be registered at the server.
   * Without a `userAgent`, the URL must have the origin of the app's page. An absolute URL is sent exactly as given.
   */
  readonly redirectUri: string;
  /**
   * The user agent of each login without the option `userAgent`, including logins that `getToken()` starts. Set `userAgent` if
   * this page cannot receive the response, for example in a native shell or a browser extension. Default: this page navigates
   * to the login page.
   *
   * A `PopupUserAgent` needs a click. Without a click, the browser blocks the popup, and `getToken()` rejects with a
   * `PopupBlockedError`. No further login starts by itself until the user clicks or presses a key.
   */
  readonly userAgent?: UserAgent;
  /**
   * The scopes that every login requests. Default at an OpenID provider: openid, profile, email and offline_access. Default at
   * any other server: no scopes.
   */
  readonly scope?: readonly string[];
  /**
   * The APIs for which the app calls `getToken({ resource })`, as absolute URIs. Every login request names all these APIs, so
   * that later refreshes can request tokens for these APIs. For an API outside this list, the user might have to log in again.
   * @see https://www.rfc-editor.org/rfc/rfc8707#section-2.1
   */
  readonly resources?: readonly string[];
  /**
   * The reaction to a changed `auth_time` in the ID token of a refresh. `auth_time` is the time when the user authenticated.
   * - `compare` (the default): the session ends.
   * - `ignore`: the session continues with the new `auth_time`. Amazon Cognito and Azure AD B2C need `ignore`.
   * @see https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse
   */
  readonly authTimeOnRefresh?: "compare" | "ignore";
  /**
   * Endpoints that replace those of the server's metadata, one by one. If `authorizationEndpoint` and `tokenEndpoint` are both
   * given, Latchkey does not load the metadata, and `endpoints` are all endpoints of the server. Without `jwksUri`, Latchkey
   * requests no ID token, and the app needs a `userFetcher` that finds out which user has logged in.
   */
  readonly endpoints?: Endpoints;
  /**
   * The URL to which the server sends the user after a logout: a page, or an app with a scheme of its own. The URL must be
   * registered at the server. Default: the server shows its own page after the logout.
   */
  readonly postLogoutRedirectUri?: string;
}

/**
 * The members `userFetcher` and `grant` of the `createAuth()` configuration. `checkAuthConfig()` validates the members at run
 * time, so these types also allow invalid values.
 */
export interface AuthParts {
  readonly userFetcher?: object & { readonly fetchUser?: unknown };
  readonly grant?: object;
  readonly worker?: unknown;
  readonly onReturn?: unknown;
  readonly loginOptions?: { readonly prompt?: unknown };
  readonly silentSignOn?: unknown;
  readonly userAgent?: unknown;
}

/**
 * Validates the configuration of `createAuth()`.
 * @throws ConfigurationError an input is missing or invalid. `error.input` names the input
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
    worker,
    onReturn,
    loginOptions,
    silentSignOn,
    userAgent,
  } = (config ?? {}) as Partial<AuthConfig & AuthParts>;
  checkRegistration(config);
  const redirect = checkRedirect("redirectUri", redirectUri);
  // Without a `userAgent`, a page must receive the response, so the URL needs a host. `resolveRedirectUri()` later compares the
  // origins.
  if (!userAgent && !/^[^/:]+:\/\/[^/]/.test(redirect.href)) {
    throw new ConfigurationError(
      "redirectUri",
      `no page can receive a response at ${redirect.href}`,
      "Set `userAgent` to an object that can receive this response, or set `redirectUri` to a path of this app.",
    );
  }
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
  assertPrompt("loginOptions.prompt", loginOptions?.prompt);
  checkUserAgent("userAgent", userAgent, "");
  checkUserAgent("silentSignOn", silentSignOn === "page" ? undefined : silentSignOn, ' or "page"');
  checkMaker("grant", grant);
  checkMaker("worker", worker);
  if (onReturn !== undefined && typeof onReturn !== "function") {
    throw new ConfigurationError(
      "onReturn",
      "it is not a function",
      "Give a function that shows the page of a path, for example the navigate() of your router.",
    );
  }
  const isNeeded = !isOpenId && !grant;
  checkMaker("userFetcher", userFetcher?.fetchUser ?? userFetcher ?? (isNeeded ? null : undefined));
}

/**
 * Whether `resource` is an absolute URI without a fragment.
 * @see https://www.rfc-editor.org/rfc/rfc8707#section-2
 */
function isUri(resource: unknown): boolean {
  return typeof resource === "string" && parseUrl(resource)?.hash === "";
}

function checkUserAgent(input: string, value: unknown, or: string): void {
  const { open } = (value ?? {}) as { readonly open?: unknown };
  if (value === undefined || typeof open === "function") return;
  throw new ConfigurationError(
    input,
    "it has no method open()",
    `Give an object such as new PopupUserAgent("/popup.html")${or}.`,
  );
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
 * Validates the issuer and the client id.
 * @throws ConfigurationError the issuer or the client id is missing or invalid
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
      'Give the `issuer` value of the server\'s metadata, for example "https://id.example.com".',
    );
  };
  if (isMissing(issuer)) fail("it is missing");
  const url = typeof issuer === "string" ? parseUrl(issuer) : undefined;
  if (!url) return fail("it is not a URL");
  if (!isSecureUrl(url)) fail("it does not use https, which is required except on localhost");
  if (url.search || url.hash || url.username || url.password) {
    fail("it has a query, a fragment or credentials");
  }
  if (url.pathname.includes("/.well-known/")) fail("it is the URL of the metadata document");
}

function checkRedirect(input: string, value: unknown): URL {
  const url =
    typeof value === "string" && value !== ""
      ? parseUrl(value, "https://relative.invalid")
      : undefined;
  if (url && isRedirectUri(url)) return url;
  throw new ConfigurationError(
    input,
    isMissing(value)
      ? "it is missing"
      : "it is not a URL of a page or an app, or it has a fragment",
    'Give a path of this app, for example "/callback". Register its absolute URL at the server.',
  );
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}
