import type { TabMessage, TabNews } from "./message.ts";
import { has } from "./shape.ts";

const ATTEMPT = { sequence: "number", attemptId: "string" };

/** For each message type, the names of its members and the type of each member. Members that every message has are left out. */
const MEMBERS: Readonly<Record<TabNews["type"], Readonly<Record<string, string>>>> = {
  claim: ATTEMPT,
  done: { generation: "number", sequence: "number", target: "string" },
  ended: { reason: "string", sequence: "number" },
  gone: { ...ATTEMPT, unsent: "boolean" },
  probe: { ...ATTEMPT, nonce: "string" },
  alive: { ...ATTEMPT, nonce: "string", frozen: "boolean", tickAgeMs: "number" },
  user: { what: "string" },
};

/** Parses a message from a tab. Returns undefined if `data` is not such a message, or is a message of another version. */
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
    (message.type !== "user" || /^(login|logout|forget|claims)$/.test(message.what))
    ? message
    : undefined;
}
