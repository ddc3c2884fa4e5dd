import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished } from "vitest";
import { AuthError } from "../../src/core/errors.ts";
import type { Clock } from "../../src/core/ports.ts";
import type { RequestStore } from "../../src/core/request-store.ts";
import type { Fetch } from "../../src/oidc/token/form-request.ts";

export const ISSUER = "https://id.example.com";
export const CLIENT = "web";
export const REDIRECT = "https://app.example.com/callback";

export interface TestClock extends Clock {
  add(ms: number): void;
}

export function testClock(start: number = 1_800_000_000_000): TestClock {
  let time = start;
  return {
    now: () => time,
    monotonic: () => time,
    sleep: () => Promise.resolve(),
    add: (ms) => {
      time += ms;
    },
  };
}

export interface TestRequests extends RequestStore {
  readonly rows: Map<string, string>;
}

export function testRequests(): TestRequests {
  const rows = new Map<string, string>();
  return {
    rows,
    get: async (id) => rows.get(id) ?? null,
    set: async (id, value) => void rows.set(id, value),
    remove: async (id) => {
      const value = rows.get(id) ?? null;
      rows.delete(id);
      return value;
    },
    getAllKeys: async () => [...rows.keys()],
  };
}

export interface Sent {
  readonly url: string;
  readonly init: RequestInit;
  readonly body: Record<string, string>;
}

/** A `fetch` that returns the given responses and records its requests in `sent`. */
export function fakeFetch(
  response: (sent: Sent) => Response | Promise<Response>,
): Fetch & { sent: Sent[] } {
  const sent: Sent[] = [];
  const fetch = async (url: string, init: RequestInit) => {
    const body = Object.fromEntries(
      new URLSearchParams(typeof init.body === "string" ? init.body : ""),
    );
    sent.push({ url, init, body });
    return await response(sent.at(-1)!);
  };
  return Object.assign(fetch, { sent });
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/json", ...headers },
  });
}

/** Starts a real server on this machine, for behaviour that a fake cannot show. Returns its origin. */
export async function realServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export const realFetch: Fetch = (url, init) => fetch(url, init);

/** Returns the error of a promise that must reject with an `AuthError`. */
export async function errorFrom(
  work: Promise<unknown>,
): Promise<AuthError & Record<string, unknown>> {
  const error = await work.then(
    () => expect.fail("it did not reject"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AuthError);
  return error as AuthError & Record<string, unknown>;
}

/** Returns everything that an error shows: stack, message, fields, and the same of its cause. */
export function shown(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error);
  const fields = Object.entries(error).map(([key, value]) => `${key}=${shown(value)}`);
  return [
    error.stack,
    error.message,
    ...fields,
    error.cause === undefined ? "" : shown(error.cause),
  ].join("\n");
}
