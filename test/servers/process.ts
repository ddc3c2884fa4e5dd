import { execFile, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { CannotStart } from "./server.ts";

/** A program that runs until it is stopped. */
export interface RunningProcess {
  /** Ends the program and what it started. Resolves when the program has ended. */
  stop(): Promise<void>;
  /** What the program has printed so far. */
  output(): string;
  readonly hasEnded: () => boolean;
}

interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The file that gets what the program prints. */
  readonly log: string;
}

/** Starts a program in a process group of its own. */
export function startProgram(
  command: string,
  args: readonly string[],
  { cwd, env, log }: ProgramOptions,
): RunningProcess {
  const output = openSync(log, "w");
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      hasEnded = true;
      resolve();
    };
    child.once("exit", end);
    child.once("error", end);
  });
  const signal = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // The group has ended.
    }
  };
  process.once("exit", () => signal("SIGKILL"));
  return {
    hasEnded: () => hasEnded,
    output: () => readFileSync(log, "utf8"),
    async stop() {
      signal("SIGTERM");
      await Promise.race([ended, sleep(10_000, undefined, { ref: false })]);
      signal("SIGKILL");
      await ended;
    },
  };
}

const execute = promisify(execFile);

/** Runs a program to its end, and returns what it printed. @throws CannotStart the program is missing or fails */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const { cwd, env } = options;
  try {
    const { stdout } = await execute(command, args, {
      cwd,
      env: { ...process.env, ...env },
      maxBuffer: 64_000_000,
    });
    return stdout;
  } catch (error) {
    const { stderr = "", message } = error as { stderr?: string; message: string };
    throw new CannotStart(`${command} ${args[0] ?? ""}: ${(stderr || message).trim().slice(-500)}`);
  }
}

/** Waits until `url` answers with a status below 500. @throws CannotStart the program has ended, or nothing answers in time */
export async function waitForAnswer(
  url: string,
  program: RunningProcess,
  timeoutMs = 180_000,
): Promise<void> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await sleep(250)) {
    if (program.hasEnded()) break;
    const response = await fetch(url).catch(() => undefined);
    if (response && response.status < 500) return;
  }
  throw new CannotStart(`nothing answers at ${url}: ${program.output().slice(-800)}`);
}

/** Returns a port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
