import { isTokenName, isTokenRecord } from "./parse-row.ts";
import type { TokenRecord } from "./session.ts";
import { has } from "./shape.ts";

/**
 * A message between the tabs of one client. It is about tokens that are only in the memory of tabs and not in the store.
 * `memory` is the id of these tokens.
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

/**
 * Parses a message. Returns undefined for other data and for messages of another version. The record in a `give` message is
 * validated like a stored record.
 */
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
