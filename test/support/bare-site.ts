import { fileURLToPath } from "node:url";
import { handle, listenOnLoopback } from "../../demo/server/loopback.ts";
import { serveBuild } from "../../demo/server/site.ts";

const PAGE = { base: "/bare/", root: fileURLToPath(new URL("../e2e/page", import.meta.url)) };

export interface BareSite {
  readonly origin: string;
  close(): Promise<void>;
}

/** The bare page alone, for any number of providers on this machine, and `/pause`, which takes 100 ms. */
export async function startBareSite(): Promise<BareSite> {
  const loopback = await listenOnLoopback(0);
  const site = await serveBuild([PAGE], "http://localhost:*");
  handle(loopback, (request, response) => {
    if (request.url === "/pause") {
      setTimeout(() => response.end(), 100);
      return;
    }
    // The back/forward cache leaves out what may not be stored.
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
