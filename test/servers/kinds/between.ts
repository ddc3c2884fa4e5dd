import {
  createServer as createPlainServer,
  request as forward,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from "node:http";
import { createSecureServer } from "node:http2";
import type { Readable, Writable } from "node:stream";
import { selfSigned } from "../../support/self-signed.ts";
import { freePort } from "../process.ts";
import type { ServerKind } from "../server.ts";
import { startOidcProvider } from "./oidc-provider.ts";

/** An oidc-provider behind a proxy, on another site than the app, or with other headers. */

const ROWS = ["redirect", "popup", "silent", "three-tabs", "logout"];
const NAME = "oidc-provider";

/** A proxy in front of the provider. */
interface Front {
  readonly origin: string;
  close(): Promise<void>;
}

/** A request or response of HTTP/1 or HTTP/2. */
interface FrontRequest extends Readable {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}
interface FrontResponse extends Writable {
  writeHead(status: number, headers: OutgoingHttpHeaders): unknown;
}

/** Passes a request on to the provider, and its response back with other headers. */
function passOn(
  port: number,
  origin: string,
  change: (headers: IncomingHttpHeaders) => OutgoingHttpHeaders = (headers) => headers,
) {
  const { host, protocol } = new URL(origin);
  return (request: FrontRequest, response: FrontResponse): void => {
    const { method, url } = request;
    const known = Object.entries(request.headers).filter(([name]) => !name.startsWith(":"));
    const headers = {
      ...Object.fromEntries(known),
      host,
      "x-forwarded-host": host,
      "x-forwarded-proto": protocol.slice(0, -1),
    };
    const passed = forward(
      { port, host: "localhost", method, path: url, headers },
      (answer: IncomingMessage) => {
        response.writeHead(answer.statusCode ?? 502, change(answer.headers));
        answer.pipe(response);
      },
    );
    // The provider is down.
    passed.once("error", () => {
      response.writeHead(502, {});
      response.end();
    });
    request.pipe(passed);
  };
}

async function plainFront(
  port: number,
  change?: (headers: IncomingHttpHeaders) => OutgoingHttpHeaders,
): Promise<Front> {
  const own = await freePort();
  const origin = `http://localhost:${own}`;
  const server = createPlainServer(passOn(port, origin, change));
  await new Promise<void>((resolve) => server.listen(own, "localhost", resolve));
  return {
    origin,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function http2Front(port: number): Promise<Front> {
  const own = await freePort();
  const origin = `https://localhost:${own}`;
  // HTTP/2 has no such headers. @see https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
  const ofConnection = ["connection", "keep-alive", "transfer-encoding"];
  const change = (headers: IncomingHttpHeaders) =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.includes(name)));
  const server = createSecureServer(
    { ...selfSigned(), allowHTTP1: false },
    passOn(port, origin, change),
  );
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session));
  await new Promise<void>((resolve) => server.listen(own, "localhost", resolve));
  return {
    origin,
    close: async () => {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Between extends Pick<ServerKind, "browserArgs" | "appHost"> {
  readonly setup: string;
  readonly rows?: readonly string[];
  /** The path below which the provider is mounted. */
  readonly path?: string;
  readonly front?: (port: number) => Promise<Front>;
}

function kind({ setup, path = "", front, rows = ROWS, ...rest }: Between): ServerKind {
  return {
    name: NAME,
    setup,
    rows,
    ...rest,
    async start(app) {
      const port = await freePort();
      const proxy = await front?.(port);
      const origin = proxy?.origin ?? `http://localhost:${port}`;
      const server = await startOidcProvider(app, { port, issuer: origin + path });
      return {
        ...server,
        stop: async () => {
          await Promise.all([server.stop(), proxy?.close()]);
        },
      };
    },
  };
}

const FORBIDS_FRAMES = {
  "x-frame-options": "DENY",
  "content-security-policy": "frame-ancestors 'none'",
};

export const BETWEEN: readonly ServerKind[] = [
  kind({ setup: "behind a reverse proxy, below a path", path: "/id", front: plainFront }),
  kind({
    setup: "on another site, with third-party cookies blocked",
    appHost: "127.0.0.1",
    browserArgs: ["--test-third-party-cookie-phaseout"],
  }),
  kind({
    setup: "with headers that forbid framing",
    front: (port) => plainFront(port, (headers) => ({ ...headers, ...FORBIDS_FRAMES })),
  }),
  kind({
    setup: "with HTTP/2",
    front: http2Front,
    browserArgs: ["--ignore-certificate-errors"],
  }),
  kind({
    setup: "with Connection: close",
    front: (port) => plainFront(port, (headers) => ({ ...headers, connection: "close" })),
  }),
];
