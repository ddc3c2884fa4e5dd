import { isTokenName, isTokenRecord } from "./parse-row.ts";
import type { TokenRecord } from "./session.ts";
import { has } from "./shape.ts";

/**
 * A message between the tabs of one client about tokens that are only in the memory of tabs. `memory` is the id of the tokens.
 * - `ask`: the sender needs the tokens.
 * - `give`: the sender sends the tokens to every tab.
 * - `drop`: every tab must delete the tokens.
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

/** Returns `data` if it is a valid `HandoverMessage`. Otherwise returns undefined. */
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
