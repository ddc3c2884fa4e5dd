import { fork, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { until } from "../support/until.ts";
import type { ServiceOptions } from "./service.ts";

/** The longest time that a busy machine may need for one step of a test. Milliseconds. */
const PATIENCE_MS = 60_000;

/** A request that the token endpoint has received. */
export interface TokenRequest {
  /** The id of the process that has sent the request. */
  readonly pid: number;
  respond(): void;
}

/** A token endpoint that counts its requests. The tokens are `at1`, `at2` and so on. */
export async function startTokenEndpoint() {
  const requests: TokenRequest[] = [];
  let isHeld = false;
  const server = createServer((request, response: ServerResponse) => {
    const token = `at${requests.length + 1}`;
    const respond = () => {
      response.setHeader("content-type", "application/json");
      response.end(
        JSON.stringify({ access_token: token, token_type: "Bearer", expires_in: 3_600 }),
      );
    };
    requests.push({ pid: Number(request.headers["x-process"]), respond });
    request.resume();
    if (!isHeld) respond();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    issuer: `http://localhost:${port}`,
    requests,
    /** From now on, a request waits until the test calls `respond()`. */
    hold: () => void (isHeld = true),
    /** From now on, a request gets its response at once. */
    open: () => void (isHeld = false),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** What a process has sent to the test. */
interface Report {
  readonly ready?: true;
  readonly lost?: true;
  readonly tokens?: readonly string[];
  readonly calls?: number;
  readonly error?: string;
}

/** A process of the service. */
export class ServiceProcess {
  readonly #child: ChildProcess;
  readonly #reports: Report[] = [];

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (report: Report) => this.#reports.push(report));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Waits until the process is connected to Redis. */
  ready(): Promise<void> {
    return this.#reported("ready");
  }

  /** Waits until the process has noticed that it has lost its lock. */
  lost(): Promise<void> {
    return this.#reported("lost");
  }

  /** Starts `calls` concurrent calls of `getToken()`. */
  call(calls: number): void {
    this.#child.send({ calls });
  }

  /** Returns the different tokens that all calls returned, and the number of the calls. */
  async result(): Promise<Pick<Report, "tokens" | "calls" | "error">> {
    const isResult = ({ calls, error }: Report) => calls !== undefined || error !== undefined;
    await until("the calls end", () => this.#reports.some(isResult), PATIENCE_MS);
    return this.#reports.splice(this.#reports.findIndex(isResult), 1)[0]!;
  }

  signal(name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(name);
  }

  async #reported(what: "ready" | "lost"): Promise<void> {
    const isReported = () => this.#reports.some((report) => report[what]);
    await until(`a process reports: ${what}`, isReported, PATIENCE_MS);
  }
}

/** Starts `count` processes of the service. */
export async function startProcesses(count: number, options: ServiceOptions) {
  // The processes start faster from one file of JavaScript.
  const folder = mkdtempSync(join(tmpdir(), "latchkey-service-"));
  const outfile = join(folder, "service.cjs");
  await build({
    entryPoints: [fileURLToPath(new URL("service.ts", import.meta.url))],
    bundle: true,
    platform: "node",
    format: "cjs",
    outfile,
    logLevel: "error",
  });
  const processes = Array.from(
    { length: count },
    () => new ServiceProcess(fork(outfile, [JSON.stringify(options)], { execArgv: [] })),
  );
  await Promise.all(processes.map((process) => process.ready()));
  return {
    processes,
    stop: () => {
      for (const process of processes) process.signal("SIGKILL");
      rmSync(folder, { recursive: true });
    },
  };
}
