import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import { createClient, type RedisClientType } from "redis";
import { until } from "./until.ts";

const run = promisify(execFile);
/** Debian's package is unpacked here if the user of this machine may install no package. */
const CACHE = resolve("node_modules/.cache/latchkey-redis");

/** Debian's packages of the libraries that Redis needs and that few machines have. */
const LIBRARIES = ["libjemalloc2", "liblzf1", "libatomic1"];

/** Returns the path of `redis-server` in `PATH` or in the cache. Returns undefined and says so if there is none. */
export function findRedis(): string | undefined {
  const path = pathOfRedis();
  if (path === undefined) {
    say(
      "No redis-server on this machine: the tests with Redis are skipped. `npm run test:redis` installs it on Debian.",
    );
  }
  return path;
}

function pathOfRedis(): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), join(CACHE, "usr/bin")];
  return folders
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, "redis-server"))
    .find((file) => existsSync(file));
}

/** Returns what `findRedis()` returns. Before that, installs Debian's package if there is no `redis-server`. */
export async function installRedis(): Promise<string | undefined> {
  if (pathOfRedis() !== undefined || !isDebianLike()) return findRedis();
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = async (...args: string[]) => run("apt-get", args, { env, cwd: CACHE });
  mkdirSync(CACHE, { recursive: true });
  try {
    if (process.getuid?.() === 0) {
      // Old lists of packages may still be good enough.
      await apt("update", "-qq").catch(() => {});
      await apt("install", "-y", "-qq", "--no-install-recommends", "redis-server");
    } else {
      // `redis-server` has only a link to the program in `redis-tools`.
      await apt("download", "redis-server", "redis-tools", ...LIBRARIES);
      await run("sh", ["-c", "for package in *.deb; do dpkg -x $package .; done"], { cwd: CACHE });
    }
  } catch (error) {
    say(`redis-server could not be installed: ${(error as Error).message}`);
  }
  return findRedis();
}

/** A Redis server of one test file, with its own port and folder, and a client that is connected to it. */
export interface RedisServer {
  readonly url: string;
  readonly redis: RedisClientType;
  /** Ends the server at once, as a crash does. */
  kill(): Promise<void>;
  /** Starts the server again at the same port. Its data is gone. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the program at `path`. */
export async function startRedis(path: string): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-redis-"));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const start = () => startServer(path, ["--port", `${port}`, "--dir", folder]);
  let server = await start();
  const redis: RedisClientType = createClient({ url });
  // The client connects again by itself. Without a listener, its errors would end the process.
  redis.on("error", () => {});
  await redis.connect();
  const kill = async () => {
    server.kill("SIGKILL");
    await until("Redis has ended", () => server.exitCode !== null || server.signalCode !== null);
  };
  return {
    url,
    redis,
    kill,
    restart: async () => {
      server = await start();
    },
    stop: async () => {
      redis.destroy();
      await kill();
      rmSync(folder, { recursive: true });
    },
  };
}

async function startServer(path: string, args: readonly string[]): Promise<ChildProcess> {
  const fixed = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--protected-mode"];
  // In the cache, the libraries of Debian's packages are beside the program.
  const libraries = join(
    CACHE,
    "usr/lib",
    `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`,
  );
  const env = path.startsWith(CACHE) ? { ...process.env, LD_LIBRARY_PATH: libraries } : process.env;
  const server = spawn(path, [...fixed, "no", ...args], { stdio: ["ignore", "pipe", "pipe"], env });
  let log = "";
  for (const stream of [server.stdout, server.stderr])
    stream.on("data", (text: Buffer) => (log += String(text)));
  await until(
    "Redis is ready",
    () => {
      if (server.exitCode !== null) throw new Error(`redis-server ended: ${log}`);
      return log.includes("Ready to accept connections");
    },
    30_000,
  );
  return server;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function isDebianLike(): boolean {
  try {
    return /^ID(_LIKE)?=.*\bdebian\b/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}

/** Writes a line also while vitest hides the console of tests that pass. */
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
