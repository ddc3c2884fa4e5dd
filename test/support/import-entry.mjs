/*
 * entries.test.ts runs this script in a separate Node process. The script imports a built entry and prints the globals that
 * the entry reads. It is JavaScript, because a TypeScript loader in the same process would read these globals, too.
 */

const [url = "", ...packages] = process.argv.slice(2);
/** @type {string[]} */
const touched = [];

/** Globals that only a page has, and globals that start ongoing work. */
const NAMES = [
  "window",
  "self",
  "document",
  "navigator",
  "location",
  "history",
  "localStorage",
  "sessionStorage",
  "indexedDB",
  "caches",
  "cookieStore",
  "BroadcastChannel",
  "SharedWorker",
  "Worker",
  "XMLHttpRequest",
  "WebSocket",
  "EventSource",
  "opener",
  "parent",
  "top",
  "addEventListener",
  "postMessage",
  "matchMedia",
  "customElements",
  "HTMLElement",
  "fetch",
  "setInterval",
];

/** Records each read of a global, also by `typeof`. */
function watch(/** @type {string} */ name) {
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get() {
      touched.push(name);
      throw new Error(`${name} was touched`);
    },
  });
}

// Globals that packages add do not count: Lit's build for Node adds a small DOM.
for (const name of packages) await import(name);
const before = new Set(Object.getOwnPropertyNames(globalThis));
NAMES.forEach(watch);
const failure = await import(url).then(
  (entry) => (Object.keys(entry).length > 0 ? "" : "exports nothing"),
  (error) => String(error),
);
const left = Object.getOwnPropertyNames(globalThis).filter(
  (name) => !before.has(name) && !NAMES.includes(name),
);
process.stdout.write(`${JSON.stringify({ touched, failure, left })}\n`);
