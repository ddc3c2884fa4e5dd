import { fileURLToPath } from "node:url";
import { handle, listenOnLoopback } from "../../demo/server/loopback.ts";
import { serveBuild } from "../../demo/server/site.ts";

const PAGE = { base: "/", root: fileURLToPath(new URL("../e2e/router-page", import.meta.url)) };

/** Serves the single-page apps of `test/e2e/router-page`, for any provider on this machine. */
export async function startRouterSite(): Promise<{ origin: string; close: () => Promise<void> }> {
  const loopback = await listenOnLoopback(0);
  const site = await serveBuild([PAGE], "http://localhost:*");
  handle(loopback, site.listener);
  return {
    origin: loopback.origin,
    close: async () => {
      await site.close();
      await loopback.close();
    },
  };
}
