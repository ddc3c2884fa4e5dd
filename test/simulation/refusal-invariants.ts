import type { Refusal, SessionRow } from "../../src/core/session.ts";
import { DEFAULT_TARGET } from "../../src/core/token-target.ts";
import { hasFault, type Evidence } from "./judge.ts";
import { EPOCH } from "./stage.ts";
import { all, type Of } from "./trace.ts";

/** By meaning and count: how long a refusal is valid at least. Milliseconds. */
const VALID_FOR_MS: Readonly<Record<Refusal["meaning"], readonly number[]>> = {
  "user needed": [600_000, 3_600_000],
  "wrong request": [60_000, 600_000, 3_600_000],
  unexplained: [2_000, 30_000],
};

/** Tolerance, because dates have fewer fraction digits than virtual times. Milliseconds. */
const ROUNDING_MS = 1;

/** No tab requests a target while its refusal is valid. "user needed" for the default target holds for all targets. */
export function refusedIsNotAsked({ trace, mix }: Evidence): string | undefined {
  // Refusals end by the wall clock, so here they end sooner or later.
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
      const validMs = VALID_FOR_MS[refusal.meaning];
      const until = refusal.lastAt - EPOCH + validMs[Math.min(refusal.count, validMs.length) - 1]!;
      if (t < until - ROUNDING_MS)
        return `${tab} requested ${wanted} ${Math.round(until - t)} ms too early`;
    }
  }
  return undefined;
}

/** Tabs send again once the server has recovered: at the end no row has a refusal of the default target. */
export function refusalsEnd({ rows }: Evidence): string | undefined {
  for (const [user, { end, refusals }] of rows) {
    if (!end && refusals?.[DEFAULT_TARGET]) return `the session of ${user} is still refused`;
  }
  return undefined;
}

/** Each pause between the sends of one refresh token is three times the one before, across tabs and reloads. */
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
    // A new attempt starts with the first pause again.
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
