import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createSecureServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { startProvider, type RunningProvider } from "../../../demo/server/provider.ts";
import { serveBuild } from "../../../demo/server/site.ts";
import { selfSigned } from "../../support/self-signed.ts";

const PAGE = { base: "/", root: fileURLToPath(new URL("page", import.meta.url)) };
/** The time that each response takes, as between an app and a server in the same country. Milliseconds. */
const LATENCY_MS = 20;

/** The page of the benchmark, and its provider. */
export interface WakeSite {
  readonly origin: string;
  readonly provider: RunningProvider;
  /** When the last request for a file arrived. Milliseconds, by `performance.now()`. */
  requestedAt(): number;
  close(): Promise<void>;
}

/** Serves the built page over HTTP/2, as the server of an app does. */
export async function startWakeSite(): Promise<WakeSite> {
  let requestedAt = 0;
  const server = createSecureServer(selfSigned());
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  const provider = await startProvider({
    port: 0,
    origins: [origin],
    redirectPaths: ["/callback"],
  });
  const site = await serveBuild([PAGE], provider.issuer);
  server.on("request", (request, response) => {
    requestedAt = performance.now();
    // The compatibility API of `node:http2` has the members of `node:http` that the site uses.
    const [asked, answer] = [request, response] as unknown as [IncomingMessage, ServerResponse];
    setTimeout(() => site.listener(asked, answer), LATENCY_MS);
  });
  return {
    origin,
    provider,
    requestedAt: () => requestedAt,
    close: async () => {
      for (const session of sessions) session.destroy();
      server.close();
      await Promise.all([site.close(), provider.close()]);
    },
  };
}
