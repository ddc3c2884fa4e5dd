import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type Provider from "oidc-provider";
import type { KoaContextWithOIDC } from "oidc-provider";
import { readAll } from "./body.ts";

/** A request to the token endpoint. */
export interface TokenRequestRecord {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly grantType: string | undefined;
  /** Hash of the refresh token in the request. */
  readonly sent: string | undefined;
  /** Hash of the refresh token in the response. */
  readonly given: string | undefined;
  /** Undefined until the response is sent, and when the response was lost. */
  readonly status: number | undefined;
  readonly error: string | undefined;
}

/** A failure of one token request. */
export interface Fault {
  /** Respond with this status. The provider does not get the request. */
  readonly status?: number;
  readonly body?: Readonly<Record<string, unknown>> | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Delay before the provider gets the request. Milliseconds. */
  readonly delayMs?: number;
  /** Delay after the provider has processed the request, before the response is sent. Milliseconds. */
  readonly delayResponseMs?: number;
  /** Cuts the connection. `request`: the provider does not get the request. `response`: the provider has processed it. */
  readonly lose?: "request" | "response";
}

/** Logs the requests to the token endpoint and makes chosen ones fail. */
export class TokenRequests {
  readonly #log: Writable<TokenRequestRecord>[] = [];
  #faults: Fault[] = [];

  get log(): readonly TokenRequestRecord[] {
    return this.#log;
  }

  get count(): number {
    return this.#log.length;
  }

  get refreshes(): readonly TokenRequestRecord[] {
    return this.#log.filter((record) => record.grantType === "refresh_token");
  }

  /** Applies a fault to the next `times` requests, after the faults of earlier calls. */
  failNext(fault: Fault, times = 1): void {
    for (let i = 0; i < times; i += 1) this.#faults.push(fault);
  }

  /** Responds to the next `times` requests with this status. The provider does not get the requests. */
  respondNext(status: number, options: Omit<Fault, "status"> & { times?: number } = {}): void {
    const { times = 1, ...fault } = options;
    this.failNext({ ...fault, status }, times);
  }

  /** Clears the log and the pending faults. */
  reset(): void {
    this.#log.length = 0;
    this.#faults = [];
  }

  watch(provider: Provider): void {
    provider.use(async (ctx: KoaContextWithOIDC, next: () => Promise<void>) => {
      if (ctx.method === "POST" && ctx.path === "/token") await this.#serve(ctx, next);
      else await next();
    });
  }

  async #serve(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
    const record: Writable<TokenRequestRecord> = {
      at: Date.now(),
      grantType: undefined,
      sent: undefined,
      given: undefined,
      status: undefined,
      error: undefined,
    };
    this.#log.push(record);
    const fault = this.#faults.shift() ?? {};

    await sleep(fault.delayMs ?? 0);
    if (fault.status !== undefined || fault.lose === "request") {
      const form = new URLSearchParams(await readAll(ctx.req));
      note(record, form.get("grant_type"), form.get("refresh_token"));
      if (fault.lose === "request") return cut(ctx);
      ctx.set("Access-Control-Allow-Origin", ctx.get("Origin") || "*");
      ctx.set({ "Access-Control-Expose-Headers": "Retry-After", ...fault.headers });
      ctx.status = fault.status ?? 500;
      ctx.body = fault.body ?? { error: ctx.status < 500 ? "invalid_request" : "server_error" };
    } else {
      await next();
      const { grant_type, refresh_token } = ctx.oidc.params ?? {};
      note(record, grant_type, refresh_token);
      if (typeof ctx.body === "object" && ctx.body !== null && "refresh_token" in ctx.body) {
        record.given = hash(ctx.body.refresh_token);
      }
    }
    await sleep(fault.delayResponseMs ?? 0);
    if (typeof ctx.body === "object" && ctx.body !== null && "error" in ctx.body)
      record.error = String(ctx.body.error);
    if (fault.lose === "response") return cut(ctx);
    record.status = ctx.status;
  }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function note(
  record: Writable<TokenRequestRecord>,
  grantType: unknown,
  refreshToken: unknown,
): void {
  if (typeof grantType === "string") record.grantType = grantType;
  record.sent = hash(refreshToken);
}

function hash(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  return createHash("sha256").update(value).digest("base64url").slice(0, 16);
}

function cut(ctx: KoaContextWithOIDC): void {
  ctx.respond = false;
  ctx.res.destroy();
}
