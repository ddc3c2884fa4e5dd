/* Run by entries.test.ts in a Node of its own: imports an entry and prints what that touched. */

const [, , url, ...packages] = process.argv as [string, string, string, ...string[]];
const touched: string[] = [];

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
function watch(name: string): void {
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get() {
      touched.push(name);
      throw new Error(`${name} was touched`);
    },
  });
}

async function main(): Promise<void> {
  // What they do is theirs: Lit's build for Node brings a small DOM.
  for (const name of packages) await import(name);
  const before = new Set(Object.getOwnPropertyNames(globalThis));
  NAMES.forEach(watch);
  const failure = await import(url).then(
    (entry: Record<string, unknown>) => (Object.keys(entry).length > 0 ? "" : "exports nothing"),
    (error: unknown) => String(error),
  );
  const left = Object.getOwnPropertyNames(globalThis).filter(
    (name) => !before.has(name) && !NAMES.includes(name),
  );
  process.stdout.write(`${JSON.stringify({ touched, failure, left })}\n`);
}

void main();
