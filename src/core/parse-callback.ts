import type { CallbackRecord } from "./callback-ledger.ts";
import { has } from "./shape.ts";

/** What a ledger holds of a response. Damaged records count as none: then the response is looked at as a new one. */
export function parseCallback(value: unknown): CallbackRecord | undefined {
  const isRecord =
    has(value, { sub: "string", returnTo: "string|undefined" }) ||
    has(value, { sub: "undefined", signedOut: "boolean" });
  return isRecord ? (value as CallbackRecord) : undefined;
}
