import { REFRESH_TIMING } from "../../src/refresh/timing.ts";
import type { OutageKind } from "./outage.ts";

const REFUSED_IN_MS = 50;

/** The kinds of outages. */
export const KINDS: readonly OutageKind[] = [
  { name: "Connection refused", response: "unknown", failsInMs: REFUSED_IN_MS },
  { name: "No response at all", response: "unknown", failsInMs: REFRESH_TIMING.requestMs },
  { name: "503 without Retry-After", response: "not_rotated", failsInMs: REFUSED_IN_MS },
  {
    name: "503, Retry-After: 120",
    response: "not_rotated",
    failsInMs: REFUSED_IN_MS,
    retryAfterMs: () => 120_000,
  },
  {
    name: "503, Retry-After: until the return",
    response: "not_rotated",
    failsInMs: REFUSED_IN_MS,
    retryAfterMs: ({ until }, now) => Math.max(0, until - now),
  },
];
