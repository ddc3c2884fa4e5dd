import type { TabMessage } from "../../src/core/message.ts";
import { hasFault, type Evidence } from "./judge.ts";
import { IDB_TIMEOUT_MS } from "./store.ts";
import { all } from "./trace.ts";

/** I6: after the last fault, every call ends in time. */
export function liveness({ trace, timing }: Evidence): string | undefined {
  const calm = all(trace, "calm")[0]!.t;
  // A back-off or Retry-After that was running, or that a response in flight started.
  const pauses = all(trace, "pause").filter(({ t }) => t <= calm + timing.requestMs);
  const { takeoverMs, drainMs, requestMs, tickMs } = timing;
  const targets = 2;
  const bound = targets * (takeoverMs + 1.25 * drainMs + requestMs + 2 * tickMs);
  const ended = new Map(
    [...all(trace, "got"), ...all(trace, "failed")].map(({ need, t }) => [need, t]),
  );
  const died = new Set(
    all(trace, "fault")
      .filter(({ kind }) => kind === "gone")
      .map(({ tab }) => tab),
  );
  const from = Math.max(calm, ...pauses.map(({ t, ms }) => t + ms));
  for (const { need, tab, t } of all(trace, "ask")) {
    if (died.has(tab)) continue;
    const end = ended.get(need) ?? Infinity;
    if (end > Math.max(from, t) + bound) return `need ${need} of ${tab} ended at ${end}`;
  }
  return undefined;
}

const FIELDS: Readonly<Record<TabMessage["type"], Readonly<Record<string, string>>>> = {
  claim: { sequence: "number", attemptId: "string" },
  done: { generation: "number", sequence: "number", target: "string" },
  ended: { reason: "string", sequence: "number" },
  gone: { sequence: "number", attemptId: "string", unsent: "boolean" },
  probe: { sequence: "number", attemptId: "string", nonce: "string" },
  alive: {
    sequence: "number",
    attemptId: "string",
    nonce: "string",
    frozen: "boolean",
    tickAgeMs: "number",
  },
  user: { what: "string" },
};

/** I9: messages have exactly the fields of their type, and never a token. */
export function noTokenInMessages({ trace }: Evidence): string | undefined {
  for (const { message } of all(trace, "message")) {
    const fields = {
      protocol: "number",
      key: "string",
      type: "string",
      from: "string",
      sessionId: "string",
      ...FIELDS[message.type],
    };
    const given = Object.entries(message);
    const isWhole =
      given.length === Object.keys(fields).length &&
      given.every(([name, value]) => typeof value === fields[name as keyof typeof fields]);
    // Every token of the server has a tilde, and no other value has one.
    if (!isWhole || given.some(([, value]) => String(value).includes("~"))) {
      return `a message is ${JSON.stringify(message)}`;
    }
  }
  return undefined;
}

/** I10: no transaction starts while the page is frozen, and none exceeds the timeout. */
export function transactionsEnd({ trace, mix }: Evidence): string | undefined {
  const begun = all(trace, "frozen begin")[0];
  if (begun) return `${begun.tab} started a transaction while it was frozen`;
  if (hasFault(mix, "hang", "freeze", "bfcache", "worker")) return undefined;
  const old = all(trace, "transaction").find(({ ms }) => ms > IDB_TIMEOUT_MS);
  return old && `${old.tab} had a transaction for ${old.ms} ms`;
}

/** I12: a response for one user or target never satisfies a call for another. */
export function responsesDoNotCross({ trace, server }: Evidence): string | undefined {
  for (const { token, user, target, tab } of all(trace, "got")) {
    const granted = server.find(token);
    if (granted?.user !== user || granted.target !== target)
      return `${tab} got ${token} for ${user} ${target}`;
  }
  return undefined;
}
