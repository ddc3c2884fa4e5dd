/*
 * Run by entries.test.ts in a Node of its own: imports a built entry and prints what that touched.
 * JavaScript, because a TypeScript loader in the same process touches these globals, too.
 */

const [url = "", ...packages] = process.argv.slice(2);
/** @type {string[]} */
const touched = [];

/** What only a page has, and what begins something that goes on. */
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

/** Also seen by `typeof`, which a property that is not there would not be. */
function watch(/** @type {string} */ name) {
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get() {
      touched.push(name);
      throw new Error(`${name} was touched`);
    },
  });
}

// What they do is theirs: Lit's build for Node brings a small DOM.
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
