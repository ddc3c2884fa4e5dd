import type { TokenRequest } from "../../core/grant.ts";
import type { Trip } from "../../core/user-agent.ts";

/** A login that shows nothing to the person. */
export function isSilent(trip: Trip, { prompt }: TokenRequest): boolean {
  return (trip.prompt ?? prompt) === "none";
}
