import type { CallbackRecord } from "./callback-ledger.ts";
import { has } from "./shape.ts";

/**
 * Parses the stored record of a handled authorization response or of an expected logout response. Returns undefined if the
 * record is damaged.
 */
export function parseCallback(value: unknown): CallbackRecord | undefined {
  const isRecord =
    has(value, { sub: "string", returnTo: "string|undefined" }) ||
    has(value, { sub: "undefined", loggedOut: "boolean" });
  return isRecord ? (value as CallbackRecord) : undefined;
}
