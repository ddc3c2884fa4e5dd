import { createServer, type RequestListener, type Server } from "node:http";
import {
  createServer as createSocketServer,
  type AddressInfo,
  type Server as SocketServer,
  type Socket,
} from "node:net";

export interface Loopback {
  readonly port: number;
  /** `http://localhost:<port>` */
  readonly origin: string;
  readonly server: Server;
  close(): Promise<void>;
}

/**
 * Starts a server for this machine only, on `port` or the next free port (0: any).
 * A port counts as free when it is free on both addresses of `localhost`, because browsers try both.
 */
export async function listenOnLoopback(port: number): Promise<Loopback> {
  const last = port === 0 ? 0 : port + 50;
  for (let candidate = port; candidate <= last;) {
    const server = createServer();
    // Node documents this way to pass a connection to an HTTP server.
    const second = createSocketServer((socket) => server.emit("connection", socket));
    const sockets = new Set<Socket>();
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
    try {
      await listen(server, candidate, "127.0.0.1");
      const free = (server.address() as AddressInfo).port;
      await listen(second, free, "::1").catch((error: unknown) => {
        if (!isMissingAddress(error)) throw error;
      });
      return {
        port: free,
        origin: `http://localhost:${free}`,
        server,
        close: async () => {
          for (const socket of sockets) socket.destroy();
          await Promise.all([end(server), end(second)]);
        },
      };
    } catch (error) {
      await Promise.all([end(server), end(second)]);
      if (!hasCode(error, "EADDRINUSE", "EACCES")) throw error;
      if (port !== 0) candidate += 1;
    }
  }
  throw new Error(`No free port from ${port} to ${last}.`);
}

/** Sets the request handler. A separate step, because the handler needs the port. */
export function handle(loopback: Loopback, listener: RequestListener): void {
  loopback.server.removeAllListeners("request");
  loopback.server.on("request", listener);
}

function listen(server: Server | SocketServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, exclusive: true }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function end(server: Server | SocketServer): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) server.close(() => resolve());
    else resolve();
  });
}

/** Whether the machine has no IPv6. */
function isMissingAddress(error: unknown): boolean {
  return hasCode(error, "EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL");
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
