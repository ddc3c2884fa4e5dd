import { ConfigurationError } from "./errors.ts";
import { parseUrl } from "./same-origin.ts";

/** What an app says about itself and its authorization server. */
export interface AuthConfig {
  /** The authorization server's issuer identifier, exactly as its metadata says it. */
  readonly issuer: string;
  readonly clientId: string;
  /** Where authorization responses arrive: a URL of this origin, absolute or relative, registered at the server. */
  readonly redirectUri: string;
  /** What a login asks for; openid, profile, email and offline_access when not given. */
  readonly scope?: readonly string[];
  /** Where the server sends the person after a sign-out, registered there; it shows a page of its own when not given. */
  readonly postLogoutRedirectUri?: string;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** @throws ConfigurationError the first input that cannot work, by name */
export function checkAuthConfig(config: AuthConfig): void {
  checkIssuer(config.issuer);
  if (typeof config.clientId !== "string" || config.clientId === "") {
    throw new ConfigurationError(
      "clientId",
      "it is missing",
      "Give the client id that your authorization server knows.",
    );
  }
  checkRedirect("redirectUri", config.redirectUri);
  if (config.postLogoutRedirectUri !== undefined)
    checkRedirect("postLogoutRedirectUri", config.postLogoutRedirectUri);
  if (
    config.scope !== undefined &&
    !(Array.isArray(config.scope) && config.scope.includes("openid"))
  ) {
    throw new ConfigurationError(
      "scope",
      "openid is missing",
      'Give scopes as a list, for example ["openid", "profile"].',
    );
  }
}

/** @see OpenID Connect Discovery 1.0 section 3 */
function checkIssuer(issuer: unknown): void {
  const url = typeof issuer === "string" ? parseUrl(issuer) : undefined;
  const secure =
    url && (url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.hostname)));
  if (!url || !secure || url.search || url.hash) {
    throw new ConfigurationError(
      "issuer",
      issuer === undefined || issuer === ""
        ? "it is missing"
        : "it is not an https URL without query and fragment",
      'Give the issuer as the server\'s metadata says it, for example "https://id.example.com".',
    );
  }
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
      value === undefined || value === ""
        ? "it is missing"
        : "it is not a URL of a page, or it has a fragment",
      'Give a path of this app, for example "/callback", and register it at the server.',
    );
  }
}
