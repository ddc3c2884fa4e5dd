import type { TabLock } from "../../src/core/ports.ts";
import { record, type Stage } from "./stage.ts";
import type { TabLife } from "./tab-life.ts";

const OWN = "own/";

/** What stands in for Web Locks in a tab, and the trace of when its owners ended. */
export function messageLocks(stage: Stage, life: TabLife, locks: TabLock): TabLock {
  const held = new Set<string>();
  const end = (attId: string) => {
    if (held.delete(attId)) record(stage, { what: "owner end", attId });
  };
  life.onDeath(() => {
    for (const attId of held) end(attId);
  });
  return {
    request: async (name, options, callback) => {
      if (!name.startsWith(OWN) || options.mode === "shared")
        return locks.request(name, options, callback);
      const attId = name.slice(OWN.length);
      held.add(attId);
      return locks.request(name, options, callback).finally(() => end(attId));
    },
    query: () => locks.query(),
  };
}
