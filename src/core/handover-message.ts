import { isTokenName, isTokenRecord } from "./parse-row.ts";
import type { TokenRecord } from "./session.ts";
import { has } from "./shape.ts";

/**
 * Messages between the tabs of one client about tokens that are on no disk. `memory` is the name of the tokens.
 * - `ask`: the tab needs these tokens.
 * - `give`: the tab sends these tokens.
 * - `drop`: every tab deletes these tokens.
 */
export type HandoverMessage =
  | { readonly protocol: 2; readonly type: "ask"; readonly memory: string }
  | {
      readonly protocol: 2;
      readonly type: "give";
      readonly memory: string;
      readonly record: TokenRecord;
    }
  | { readonly protocol: 2; readonly type: "drop"; readonly memory: string };

/** Parses a message. Returns undefined for anything else or another version. A record is validated like a stored one. */
export function parseHandoverMessage(data: unknown): HandoverMessage | undefined {
  const message = data as HandoverMessage;
  if (
    !has(message, { protocol: "number", type: "string" }) ||
    message.protocol !== 2 ||
    !isTokenName(message)
  ) {
    return undefined;
  }
  const isKnown =
    message.type === "give" ? isTokenRecord(message.record) : /^(ask|drop)$/.test(message.type);
  return isKnown ? message : undefined;
}
