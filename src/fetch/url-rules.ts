import { isSecureUrl, parseUrl } from "../core/same-origin.ts";
import { ConfigurationError } from "../core/errors.ts";
import { isBelow, readingsOf, type Readings } from "./path-rules.ts";

/** The URLs to which a token is sent. */
export interface UrlRules {
  /** Returns true if requests to `url`, an absolute URL, get a token. */
  readonly covers: (url: string) => boolean;
  /** Whether the rules depend on the path. A redirect might then leave the allowed paths. */
  readonly hasPaths: boolean;
}

/**
 * Makes the rules of `allow` and `exclude`. `CreateFetchConfig` describes both.
 * @throws ConfigurationError `allow` or `exclude` has an invalid entry
 */
export function urlRules(
  allow: readonly string[],
  exclude: readonly (string | RegExp)[] = [],
): UrlRules {
  const allowed = allow.map(parseAllowed);
  const excluded = exclude.map(parseExcluded);
  return {
    hasPaths: excluded.length > 0 || allowed.some(({ readings: [once] }) => once!.length > 0),
    covers: (url) => {
      const { origin, pathname } = new URL(url);
      const readings = readingsOf(pathname);
      const texts = [pathname, ...readings.map((reading) => `/${reading.join("/")}`)];
      return (
        allowed.some(
          (entry) =>
            entry.origin === origin &&
            readings.every((reading, at) => isBelow(reading, entry.readings[at]!)),
        ) &&
        !excluded.some((path) =>
          path instanceof RegExp
            ? // `search()` always starts at the first character. With the flag `g`, `test()` would start after the previous match.
              texts.some((text) => text.search(path) >= 0)
            : readings.some((reading, at) => isBelow(reading, path[at]!)),
        )
      );
    },
  };
}

function parseAllowed(entry: string): { origin: string; readings: Readings } {
  const url = parseUrl(entry);
  if (url && isSecureUrl(url) && !url.search && !url.hash && !url.username && !url.password) {
    return { origin: url.origin, readings: readingsOf(url.pathname) };
  }
  throw new ConfigurationError(
    "allow",
    `an entry${url ? ` for ${url.origin}` : ""} is not an https origin with an optional path`,
    'Use URLs without query, fragment and credentials, for example ["https://api.example.com"]. http is allowed for localhost only.',
  );
}

/** Returns the readings of a path. Returns a regular expression unchanged. */
function parseExcluded(path: string | RegExp): Readings | RegExp {
  if (typeof path !== "string") return path;
  const url = path.startsWith("/") ? parseUrl(`https://path.invalid${path}`) : undefined;
  if (url && !url.search && !url.hash) return readingsOf(url.pathname);
  throw new ConfigurationError(
    "exclude",
    `"${path}" is not a path`,
    'Use regular expressions, or paths that begin with a slash and have no query and no fragment, for example ["/public"].',
  );
}
