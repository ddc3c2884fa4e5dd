import type { CallbackRecord } from "./callback-ledger.ts";
import { has } from "./shape.ts";

/** Parses a ledger record. Returns undefined when it is damaged: the response is then handled as a new one. */
export function parseCallback(value: unknown): CallbackRecord | undefined {
  const isRecord =
    has(value, { sub: "string", returnTo: "string|undefined" }) ||
    has(value, { sub: "undefined", signedOut: "boolean" });
  return isRecord ? (value as CallbackRecord) : undefined;
}
