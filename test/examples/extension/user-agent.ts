/**
 * Logins of a browser extension (Manifest V3). `chrome.identity` shows the login page in a window of its own, and takes the
 * response from the URL `https://<id of the extension>.chromiumapp.org/`, which no server has. The manifest needs the permission
 * `identity`, and the server's origin in `host_permissions`.
 */
import { CancelledError, NetworkError } from "../../../src/index.ts";
import type { RoundTrip, UserAgent } from "../../../src/parts.ts";

/** The part of the extension API that this file uses. */
declare const chrome: {
  readonly identity: {
    getRedirectURL(path?: string): string;
    launchWebAuthFlow(details: { url: string; interactive: boolean }): Promise<string | undefined>;
  };
};

export const redirectUri = (path?: string): string => chrome.identity.getRedirectURL(path);

export class ExtensionUserAgent implements UserAgent {
  open(): RoundTrip {
    // The extension API cannot close the window. A response that arrives later belongs to no login.
    return { redirectUri: redirectUri(), navigate: visit, close: () => {} };
  }

  async endSession(url: string): Promise<void> {
    await visit(url).catch((error: unknown) => {
      // The user has read the server's page and closed it.
      if (!(error instanceof CancelledError)) throw error;
    });
  }
}

/** Shows `url` in a window. Returns the URL of chromiumapp.org to which the server redirects. */
async function visit(url: string): Promise<string> {
  try {
    return (await chrome.identity.launchWebAuthFlow({ url, interactive: true })) ?? "";
  } catch (error) {
    const { message } = error as Error;
    if (/did not approve/.test(message)) throw new CancelledError("the user closed the login page");
    throw new NetworkError(`the login page could not be shown: ${message}`, error);
  }
}
