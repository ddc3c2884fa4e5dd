import { isTokenName, isTokenRecord } from "./parse-row.ts";
import type { TokenRecord } from "./session.ts";
import { has } from "./shape.ts";

/** What the tabs of one client tell each other about tokens that are on no disk. `memory` names the tokens. */
export type HandoverMessage =
  | { readonly p: 1; readonly t: "ask"; readonly memory: string }
  | { readonly p: 1; readonly t: "give"; readonly memory: string; readonly record: TokenRecord }
  | { readonly p: 1; readonly t: "drop"; readonly memory: string };

/** Undefined for everything that is no message of this version. A record is validated like a stored one. */
export function parseHandoverMessage(data: unknown): HandoverMessage | undefined {
  const message = data as HandoverMessage;
  if (!has(message, { p: "number", t: "string" }) || message.p !== 1 || !isTokenName(message)) {
    return undefined;
  }
  const isKnown =
    message.t === "give" ? isTokenRecord(message.record) : /^(ask|drop)$/.test(message.t);
  return isKnown ? message : undefined;
}
