import type { OwnParameters } from "../core/authorization-parameters.ts";
import type { Endpoints } from "../core/endpoints.ts";
import type { RefreshNeed } from "../core/refresher.ts";
import { has, isEach, isTexts } from "../core/shape.ts";
import { parseTargetKey } from "../core/token-target.ts";
import type { RefreshTiming } from "../refresh/timing.ts";
import { isErrorFacts, type ErrorFacts } from "./error-facts.ts";

/**
 * The version of the messages between pages and workers. A new version of Latchkey increases this number when the messages or
 * the rules of the refresh machine change. A page and a worker of different versions do not work together.
 */
export const WORKER_PROTOCOL = 1;

/** The settings with which a worker refreshes. The settings contain no token. */
export interface WorkerConfig {
  readonly issuer: string;
  readonly clientId: string;
  readonly endpoints?: Endpoints | undefined;
  readonly authTimeOnRefresh?: "compare" | "ignore" | undefined;
  /** Parameters that the app adds to every token request. */
  readonly tokenParameters?: OwnParameters | undefined;
  /** See `RefreshTiming`. Milliseconds. */
  readonly timing?: Partial<RefreshTiming> | undefined;
  /** See `RefreshCoordinatorConfig.reuseLeewayMs`. Milliseconds. */
  readonly reuseLeewayMs?: number | undefined;
}

/** A message from a page to a worker. */
export type PageMessage = { readonly protocol: number } & (
  | { readonly type: "hello"; readonly config: WorkerConfig }
  /**
   * Asks for a token. The worker sends `accepted` when it has read the session row, and `settled` when the refresh has ended.
   */
  | { readonly type: "refresh"; readonly id: number; readonly need: RefreshNeed }
  /** The caller of the request `id` no longer waits. */
  | { readonly type: "abort"; readonly id: number }
  /** The page closes its port. */
  | { readonly type: "bye" }
);

/** A message from a worker to one page. */
export type WorkerMessage = { readonly protocol: number } &
  /** The response to `hello`. The worker holds the lock `worker/<worker>` for as long as the worker lives. */
  (
    | { readonly type: "hello"; readonly worker: string }
    | { readonly type: "accepted"; readonly id: number }
    | { readonly type: "settled"; readonly id: number; readonly outcome: WorkerOutcome }
  );

/** How a refresh in a worker has ended. */
export type WorkerOutcome =
  /** The token is in the session row. Its entry in `SessionRow.access` has this `generation`. */
  | {
      readonly type: "stored";
      readonly generation: number;
      /** Whether the worker requested the token. False if another tab did. */
      readonly isOwn: boolean;
    }
  | { readonly type: "failed"; readonly error: ErrorFacts };

/** Returns the key of a configuration. Equal configurations have equal keys, in whatever order their members are. */
export function workerConfigKey(config: WorkerConfig): string {
  // An app that is not written in TypeScript may set a member to null.
  const sorted = (value: object | null | undefined) =>
    Object.entries(value ?? {})
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  const { endpoints, timing, tokenParameters, ...rest } = config;
  return JSON.stringify([
    sorted(rest),
    endpoints && sorted(endpoints),
    sorted(timing),
    sorted(tokenParameters),
  ]);
}

/**
 * Parses a message from a page. Returns undefined if `data` is not such a message. A `hello` of another version is returned with
 * that version, and the caller must not use its other members.
 */
export function parsePageMessage(data: unknown): PageMessage | undefined {
  const message = data as PageMessage;
  if (!has(message, { protocol: "number", type: "string" })) return undefined;
  if (message.protocol !== WORKER_PROTOCOL) return message.type === "hello" ? message : undefined;
  switch (message.type) {
    case "hello":
      return isConfig(message.config) ? message : undefined;
    case "refresh":
      return has(message, { id: "number" }) && isNeed(message.need) ? message : undefined;
    case "abort":
      return has(message, { id: "number" }) ? message : undefined;
    case "bye":
      return message;
    default:
      return undefined;
  }
}

/**
 * Parses a message from a worker. Returns undefined if `data` is not such a message, or if the worker has another version of
 * Latchkey.
 */
export function parseWorkerMessage(data: unknown): WorkerMessage | undefined {
  const message = data as WorkerMessage;
  if (!has(message, { protocol: "number", type: "string" })) return undefined;
  if (message.protocol !== WORKER_PROTOCOL) return undefined;
  switch (message.type) {
    case "hello":
      return has(message, { worker: "string" }) ? message : undefined;
    case "accepted":
      return has(message, { id: "number" }) ? message : undefined;
    case "settled":
      return has(message, { id: "number" }) && isOutcome(message.outcome) ? message : undefined;
    default:
      return undefined;
  }
}

function isOutcome(outcome: WorkerOutcome): boolean {
  if (!has(outcome, { type: "string" })) return false;
  if (outcome.type === "failed") return isErrorFacts(outcome.error);
  return outcome.type === "stored" && has(outcome, { generation: "number", isOwn: "boolean" });
}

function isNeed(need: RefreshNeed): boolean {
  if (!has(need, { user: "string", target: "string", notGeneration: "number" })) return false;
  try {
    const { scope, resource, audience } = parseTargetKey(need.target);
    return isTexts(scope) && typeof resource === "string" && typeof audience === "string";
  } catch {
    return false;
  }
}

function isConfig(config: WorkerConfig): boolean {
  return (
    has(config, {
      issuer: "string",
      clientId: "string",
      endpoints: "object|undefined",
      authTimeOnRefresh: "string|undefined",
      timing: "object|undefined",
      tokenParameters: "object|undefined",
      reuseLeewayMs: "number|undefined",
    }) &&
    /^(compare|ignore|undefined)$/.test(String(config.authTimeOnRefresh)) &&
    isEach(config.timing ?? {}, (ms) => typeof ms === "number") &&
    isEach(config.tokenParameters ?? {}, (value) => typeof (value ?? "") === "string") &&
    isEach(
      { ...config.endpoints },
      (value) => ["string", "undefined", "boolean"].includes(typeof value) || isTexts(value),
    )
  );
}
