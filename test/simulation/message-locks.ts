import type { TabLock } from "../../src/core/ports.ts";
import { record, type Stage } from "./stage.ts";
import type { TabLifecycle } from "./tab-life.ts";

const OWN = "own/";

/** Wraps the replacement of Web Locks in a tab, and records when owners of attempts end. */
export function messageLocks(stage: Stage, life: TabLifecycle, locks: TabLock): TabLock {
  const held = new Set<string>();
  const end = (attemptId: string) => {
    if (held.delete(attemptId)) record(stage, { what: "owner end", attemptId });
  };
  life.onDeath(() => {
    for (const attemptId of held) end(attemptId);
  });
  return {
    request: async (name, options, callback) => {
      if (!name.startsWith(OWN) || options.mode === "shared")
        return locks.request(name, options, callback);
      const attemptId = name.slice(OWN.length);
      held.add(attemptId);
      return locks.request(name, options, callback).finally(() => end(attemptId));
    },
    query: () => locks.query(),
  };
}
