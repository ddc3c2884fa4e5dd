import type { TabMessage, TabNews } from "./message.ts";
import { has } from "./shape.ts";

const ATTEMPT = { sequence: "number", attemptId: "string" };

/** The members of each message, with their types. The members that all messages have are left out. */
const MEMBERS: Readonly<Record<TabNews["type"], Readonly<Record<string, string>>>> = {
  claim: ATTEMPT,
  done: { generation: "number", sequence: "number", target: "string" },
  ended: { reason: "string", sequence: "number" },
  gone: { ...ATTEMPT, unsent: "boolean" },
  probe: { ...ATTEMPT, nonce: "string" },
  alive: { ...ATTEMPT, nonce: "string", frozen: "boolean", tickAgeMs: "number" },
  user: { what: "string" },
};

/**
 * Parses a message. Returns undefined for other data and for messages of another version. Such data must not have any effect.
 */
export function parseTabMessage(data: unknown): TabMessage | undefined {
  const message = data as TabMessage;
  return has(message, {
    protocol: "number",
    type: "string",
    key: "string",
    from: "string",
    sessionId: "string",
  }) &&
    message.protocol === 2 &&
    Object.hasOwn(MEMBERS, message.type) &&
    has(message, MEMBERS[message.type]) &&
    (message.type !== "user" || /^(login|logout|forget)$/.test(message.what))
    ? message
    : undefined;
}
