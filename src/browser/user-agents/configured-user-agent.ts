import type { AuthConfig } from "../../core/auth-config.ts";
import type { UserAgent } from "../../core/user-agent.ts";
import { PageUserAgent } from "./page-user-agent.ts";
import { absoluteUrl, resolveRedirectUri } from "./redirect-uri.ts";

/** The members of the configuration that say where a login and a logout take place. */
type PlaceConfig = Pick<AuthConfig, "redirectUri" | "postLogoutRedirectUri" | "userAgent"> & {
  readonly silentSignOn?: unknown;
};

/** The user agents of an app, and the URLs to which the server sends its responses. */
export interface ConfiguredUserAgent {
  /** The user agent of each login without the option `userAgent`, including logins that `getToken()` starts. */
  readonly userAgent: UserAgent;
  /** Navigates this page to the authorization endpoint. */
  readonly pageUserAgent: UserAgent;
  /** @throws ConfigurationError this page must receive a response at the URL, and the URL has another origin */
  readonly redirectUri: () => string;
  readonly postLogoutRedirectUri: () => string | undefined;
}

/** Returns the app's user agent. If the app has no user agent, this page is the user agent of every login. */
export function configuredUserAgent(config: PlaceConfig): ConfiguredUserAgent {
  // The page receives the response of a visit by `silentSignOn: "page"`, even if logins have another user agent.
  const isInPage = !config.userAgent || config.silentSignOn === "page";
  const redirectUri = () => (isInPage ? resolveRedirectUri : absoluteUrl)(config.redirectUri);
  const pageUserAgent = new PageUserAgent(redirectUri);
  return {
    userAgent: config.userAgent ?? pageUserAgent,
    pageUserAgent,
    redirectUri,
    // This URL can have another origin than the page. The server checks that the URL is registered for the client.
    postLogoutRedirectUri: () =>
      config.postLogoutRedirectUri && absoluteUrl(config.postLogoutRedirectUri),
  };
}
