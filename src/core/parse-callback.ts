import type { CallbackRecord } from "./callback-ledger.ts";
import { has } from "./shape.ts";

/**
 * Parses a record of a `CallbackLedger`. Returns undefined for a damaged record. The caller then handles the authorization
 * response as if it were new.
 */
export function parseCallback(value: unknown): CallbackRecord | undefined {
  const isRecord =
    has(value, { sub: "string", returnTo: "string|undefined" }) ||
    has(value, { sub: "undefined", loggedOut: "boolean" });
  return isRecord ? (value as CallbackRecord) : undefined;
}
