interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown;
}

/** The path of the worker's script, in a build and from Vite's dev server. */
const WORKER = /^\/(assets\/)?auth-worker(-[\w-]+)?\.[jt]s$/;

/**
 * Lets the page start its worker although its Content Security Policy requires Trusted Types. The URL of every other script stays
 * forbidden. Call it once, because a page can have only one default policy.
 */
export function allowWorker(): void {
  const { trustedTypes } = window as { trustedTypes?: TrustedTypes };
  trustedTypes?.createPolicy("default", {
    createScriptURL: (url) => {
      const { origin, pathname } = new URL(url, location.href);
      if (origin === location.origin && WORKER.test(pathname)) return url;
      throw new TypeError(`${url} is not the worker of this app`);
    },
  });
}
