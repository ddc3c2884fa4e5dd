/** Starts shared workers under the page's Trusted Types. */

declare global {
  interface Window {
    trustedTypes?: {
      createPolicy(
        name: string,
        rules: { createScriptURL(url: string): string },
      ): { createScriptURL(url: string): string };
    };
  }
}

let hasPolicy = false;

/** Allows every script of this origin, because the tests start many workers. `data:` URLs pass, so that the Content Security Policy can refuse them. */
export function allowWorkers(): void {
  if (hasPolicy) return;
  hasPolicy = true;
  window.trustedTypes?.createPolicy("default", {
    createScriptURL: (url) => {
      if (new URL(url, location.href).origin === location.origin || url.startsWith("data:"))
        return url;
      throw new TypeError(`a worker of another origin: ${url}`);
    },
  });
}

/** Connects to the worker that refreshes. Workers with other names are other workers. */
export function authWorker(name: string): SharedWorker {
  allowWorkers();
  return new SharedWorker(new URL("./auth-worker.ts", import.meta.url), {
    type: "module",
    name,
    extendedLifetime: true,
  } as WorkerOptions);
}

/** Connects to a worker whose script does something else. */
export function workerAt(url: string): SharedWorker {
  allowWorkers();
  return new SharedWorker(url, { type: "module" });
}
