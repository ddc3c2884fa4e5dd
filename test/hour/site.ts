import { fileURLToPath } from "node:url";
import { build } from "vite";
import { handle, listenOnLoopback } from "../../demo/server/loopback.ts";

const ENTRY = fileURLToPath(new URL("../e2e/page/main.ts", import.meta.url));

/** The site of the simulated app. */
export interface HourSite {
  readonly origin: string;
  close(): Promise<void>;
}

/** Bundles the SDK into one file, because the page clock does not wait for chunks that load. */
export async function bundleApp(): Promise<string> {
  const outputs = await build({
    configFile: false,
    logLevel: "warn",
    build: {
      write: false,
      target: "es2022",
      rolldownOptions: { input: ENTRY, output: { codeSplitting: false } },
    },
  });
  const files = [outputs].flat().flatMap((result) => ("output" in result ? result.output : []));
  // The script of the worker is an asset. The simulated app uses no worker.
  const chunks = files.flatMap((file) => (file.type === "chunk" ? [file.code] : []));
  if (chunks.length !== 1) throw new Error("the app is not one file");
  return chunks[0]!;
}

/** Serves the app's page at every path, and an API at `/api` that refuses every token. */
export async function startHourSite(app: string, scripts: () => string): Promise<HourSite> {
  const loopback = await listenOnLoopback(0);
  handle(loopback, (request, response) => {
    if (request.url === "/api") {
      response.writeHead(401).end();
    } else if (request.url === "/app.js") {
      response.writeHead(200, {
        "Content-Type": "text/javascript",
        "Cache-Control": "max-age=31536000, immutable",
      });
      response.end(app);
    } else {
      response.writeHead(200, { "Content-Type": "text/html", "Cache-Control": "no-store" });
      response.end(`<!doctype html><title>App</title><link rel="icon" href="data:,">
        <script>${scripts()}</script><script type="module" src="/app.js"></script>`);
    }
  });
  return { origin: loopback.origin, close: () => loopback.close() };
}
