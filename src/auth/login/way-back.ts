import { ConfigurationError } from "../../core/errors.ts";
import type { Page } from "../../core/ports.ts";
import { parseUrl } from "../../core/same-origin.ts";

/** The configuration of `goBack()`. */
export interface WayBackConfig {
  readonly page: Page;
  /** The app's function that shows another page of the app, such as the `navigate()` of a router. */
  readonly onReturn?: ((path: string) => void) | undefined;
}

/** The way back to the page on which a login began. */
export interface WayBack {
  /** The `returnTo` of the login. */
  readonly returnTo: string | undefined;
  /** The URL of this page, without the parameters of the authorization response. */
  readonly cleaned: string;
  /** Called before this page is replaced. */
  readonly beforeLeaving: () => void;
}

/**
 * Takes the user back to the page on which a login began. Returns true if this page is about to be replaced. Does nothing if the
 * page's URL has changed since the response arrived, because the app or its router has then chosen another page.
 */
export function goBack(
  { page, onReturn }: WayBackConfig,
  { returnTo, cleaned, beforeLeaving }: WayBack,
): boolean {
  if (returnTo === undefined || page.href() !== cleaned) return false;
  const here = new URL(cleaned);
  const path = pathOf(returnTo, cleaned);
  const target = new URL(path, here);
  if (target.href === here.href) return false;
  if (onReturn) {
    callOnReturn(onReturn, path);
    return false;
  }
  // If only the fragment differs, the browser scrolls, and this page stays.
  const stays = target.pathname === here.pathname && target.search === here.search;
  if (!stays) beforeLeaving();
  page.replace(target.href);
  return !stays;
}

/**
 * Returns the path, the query and the fragment of `url`. The result never begins with two slashes, because a browser would read
 * such a text as the URL of another host.
 */
export function pathOf(url: string, base: string): string {
  const { pathname = "/", search = "", hash = "" } = parseUrl(url, base) ?? {};
  return (pathname.startsWith("//") ? `/.${pathname}` : pathname) + search + hash;
}

/** If `onReturn` throws, the browser reports an uncaught error. The login has succeeded all the same. */
function callOnReturn(onReturn: (path: string) => void, path: string): void {
  try {
    onReturn(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    queueMicrotask(() => {
      throw new ConfigurationError(
        "onReturn",
        `it threw an error for the path ${path}: ${reason}`,
        "Handle the error in onReturn. The login has succeeded.",
      );
    });
  }
}
