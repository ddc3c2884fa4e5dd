import { fileURLToPath } from "node:url";
import { handle, listenOnLoopback } from "../../demo/server/loopback.ts";
import { serveBuild } from "../../demo/server/site.ts";
import { BAD_WORKERS } from "./bad-workers.ts";

const PAGE = { base: "/bare/", root: fileURLToPath(new URL("../e2e/page", import.meta.url)) };

/** A running server of the bare page. */
export interface BareSite {
  readonly origin: string;
  close(): Promise<void>;
}

/**
 * Serves the bare page for any provider on this machine, `/pause`, which responds after 100 ms, and the workers in
 * `bad-workers.ts`.
 */
export async function startBareSite(): Promise<BareSite> {
  const loopback = await listenOnLoopback(0);
  const site = await serveBuild([PAGE], "http://localhost:* https://localhost:*");
  handle(loopback, (request, response) => {
    if (request.url === "/pause") {
      setTimeout(() => response.end(), 100);
      return;
    }
    const [, worker] = /^\/bare\/bad-worker\/(.*)\.js$/.exec(request.url ?? "") ?? [];
    if (worker !== undefined) {
      const script = BAD_WORKERS[worker];
      response.writeHead(script === undefined ? 404 : 200, { "Content-Type": "text/javascript" });
      response.end(script);
      return;
    }
    // The bfcache does not store pages with `no-store`.
    const setHeader = response.writeHead.bind(response);
    response.writeHead = ((status: number, headers: Record<string, string>) =>
      setHeader(status, {
        ...headers,
        ...(headers["Cache-Control"] === "no-store" && { "Cache-Control": "no-cache" }),
      })) as typeof response.writeHead;
    site.listener(request, response);
  });
  return {
    origin: loopback.origin,
    close: async () => {
      await site.close();
      await loopback.close();
    },
  };
}
