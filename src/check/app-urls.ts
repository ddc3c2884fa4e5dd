import { isRedirectUri, parseUrl } from "../core/same-origin.ts";
import { CannotCheck } from "./read-metadata.ts";

/** @throws CannotCheck the redirect URI is not an absolute URL of a page or an app */
export function checkRedirectUri(redirectUri: string | undefined): void {
  if (redirectUri === undefined || isWhole(redirectUri)) return;
  const url = isHost(redirectUri) ? `http://${redirectUri}` : "https://app.example.com/";
  throw new CannotCheck(
    `"${redirectUri}" is not an absolute URL of a page or an app. Pass the whole redirect URI, such as ${url} or com.example.app:/cb`,
  );
}

/**
 * Returns the origin of the app's pages as browsers send it in the header `Origin`. A path is ignored.
 * @throws CannotCheck `origin` is no URL with a host
 */
export function originOf(origin: string | undefined): string | undefined {
  if (origin === undefined) return undefined;
  const url = isHost(origin) ? undefined : parseUrl(origin);
  // `URL.origin` is the text "null" for a scheme such as `capacitor:`.
  const found = url && /^[^/:]+:\/\/[^/?#]+/.exec(url.href)?.[0];
  if (found !== undefined && !url?.username && !url?.password) return found;
  throw new CannotCheck(
    `"${origin}" is not an origin. Pass the scheme and the host of the app's pages, such as https://app.example.com, http://localhost:5173 or capacitor://localhost`,
  );
}

/** Whether the text is an absolute URL. Browsers also accept `https:app` and `https:///app`, which are probably mistakes. */
function isWhole(redirectUri: string): boolean {
  const url = parseUrl(redirectUri);
  if (!url || !isRedirectUri(url) || isHost(redirectUri)) return false;
  return !/^https?:$/.test(url.protocol) || /^https?:\/\/[^/]/i.test(redirectUri);
}

/** Whether the text is a host with a port, such as `localhost:5173/cb`. The URL parser takes the host for a scheme. */
function isHost(text: string): boolean {
  return /^[^/?#:]+:\d+([/?#]|$)/.test(text);
}
