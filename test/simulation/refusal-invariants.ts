import type { Refusal, SessionRow } from "../../src/core/session.ts";
import { DEFAULT_TARGET } from "../../src/core/token-target.ts";
import { hasFault, type Evidence } from "./judge.ts";
import { EPOCH } from "./stage.ts";
import { all, type Of } from "./trace.ts";

/** By kind and number, the shortest time for which no tab asks again. Milliseconds. */
const VALID_FOR_MS: Readonly<Record<Refusal["meaning"], readonly number[]>> = {
  "user needed": [600_000, 3_600_000],
  "wrong request": [60_000, 600_000, 3_600_000],
  unexplained: [2_000, 30_000],
};

/** A date has no room for all digits of a time. Milliseconds. */
const ROUNDING_MS = 1;

/** A target that was refused is not asked for again by any tab while the refusal stands; that of the default target is for all. */
export function refusedIsNotAsked({ trace, mix }: Evidence): string | undefined {
  // By the wall clock they end sooner, or later.
  if (hasFault(mix, "clock jump")) return undefined;
  const refused = new Map<string, SessionRow>();
  for (const event of trace) {
    if (event.what === "write") refused.set(event.user, event.after);
    if (event.what !== "send") continue;
    const { user, target: wanted, tab, t, claim } = event;
    const row = refused.get(user);
    if (row?.sessionId !== claim.sessionId) continue;
    for (const target of new Set([DEFAULT_TARGET, wanted])) {
      const refusal = row.refusals?.[target];
      if (!refusal || (target !== wanted && refusal.meaning !== "user needed")) continue;
      const stands = VALID_FOR_MS[refusal.meaning];
      const until = refusal.lastAt - EPOCH + stands[Math.min(refusal.count, stands.length) - 1]!;
      if (t < until - ROUNDING_MS)
        return `${tab} asked for ${wanted} ${Math.round(until - t)} ms too early`;
    }
  }
  return undefined;
}

/** A server that answers well again is asked again in the end: at rest nothing of the default target's refusal is left. */
export function refusalsEnd({ rows }: Evidence): string | undefined {
  for (const [user, { end, refusals }] of rows) {
    if (!end && refusals?.[DEFAULT_TARGET]) return `the session of ${user} is still refused`;
  }
  return undefined;
}

/** Pauses between the sends of one refresh token triple, whichever tab sends, and after a reload. */
export function backOffIsShared({ trace, timing, mix }: Evidence): string | undefined {
  if (hasFault(mix, "clock jump")) return undefined;
  const claims = new Map<string, Of<"write">>();
  for (const claim of all(trace, "write")) {
    if (claim.kind === "claim") claims.set(`${claim.user} ${claim.after.sequence}`, claim);
  }
  const nonces = new Set(
    all(trace, "over")
      .filter(({ response }) => response === "nonce")
      .map(({ id }) => id),
  );
  const last = new Map<string, Of<"send">>();
  for (const send of all(trace, "send")) {
    const before = last.get(send.token);
    last.set(send.token, send);
    const [claim, claimBefore] = [send, before].map(
      (one) => one && claims.get(`${one.user} ${one.claim.sequence}`),
    );
    // A new attempt begins anew.
    if (!before || !claim || !claimBefore || claim.after.attempt!.sends === 0) continue;
    if (nonces.has(before.id)) continue;
    const { sends } = claimBefore.after.attempt!;
    const ms = Math.floor(
      (Math.min(timing.backOffCapMs, timing.backOffBaseMs * 3 ** sends) * 2) / 3,
    );
    const gap = claim.t - claimBefore.t;
    if (gap < ms - ROUNDING_MS)
      return `${send.tab} sent ${send.token} after ${Math.round(gap)} ms, not ${ms}`;
  }
  return undefined;
}
