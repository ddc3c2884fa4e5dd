import type { TabMessage, TabNews } from "./message.ts";
import { has } from "./shape.ts";

const ATTEMPT = { sequence: "number", attemptId: "string" };

/** What each message carries beside its session and its sender. */
const MEMBERS: Readonly<Record<TabNews["t"], Readonly<Record<string, string>>>> = {
  claim: ATTEMPT,
  done: { generation: "number", sequence: "number", target: "string" },
  ended: { why: "string", sequence: "number" },
  gone: { ...ATTEMPT, unsent: "boolean" },
  probe: { ...ATTEMPT, nonce: "string" },
  alive: { ...ATTEMPT, nonce: "string", frozen: "boolean", tickAgeMs: "number" },
  user: { what: "string" },
};

/** Undefined for everything that is no message of this version: nothing of it may change anything. */
export function parseTabMessage(data: unknown): TabMessage | undefined {
  const message = data as TabMessage;
  return has(message, {
    p: "number",
    t: "string",
    k: "string",
    from: "string",
    sessionId: "string",
  }) &&
    message.p === 1 &&
    Object.hasOwn(MEMBERS, message.t) &&
    has(message, MEMBERS[message.t]) &&
    (message.t !== "user" || /^(login|sign-out|forget)$/.test(message.what))
    ? message
    : undefined;
}
