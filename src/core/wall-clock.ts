import type { Clock } from "./ports.ts";

/** Called, never captured, so that fake timers work. */
export const wallClock: Pick<Clock, "now"> = { now: () => Date.now() };
