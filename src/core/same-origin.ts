/**
 * Whether `url` stays on the origin of `base`, however a URL parser reads it: by itself, or relative to `base`.
 * Both readings count, because `https:evil` is a path on an https page and another host everywhere else.
 */
export function isSameOrigin(url: string, base: string): boolean {
  const home = parseUrl(base);
  const there = parseUrl(url) ?? parseUrl(url, base);
  // The protocol too: a blob: URL has the origin of the page that made it.
  return (
    !!home &&
    !!there &&
    there.protocol === home.protocol &&
    there.origin === home.origin &&
    there.origin !== "null"
  );
}

export function parseUrl(url: string, base?: string): URL | undefined {
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}

/** Whether a URL of this protocol and host may carry secrets: https, or http that stays on this machine. */
export function isSecureUrl({ protocol, hostname }: URL): boolean {
  return (
    protocol === "https:" ||
    (protocol === "http:" && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname))
  );
}
