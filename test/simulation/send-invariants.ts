import { hasFault, overAt, ownerEndAt, refreshTokenOf, type Evidence } from "./judge.ts";
import { all, type Of } from "./trace.ts";

/** I1: at most once unless lost. */
export function atMostOnceUnlessLost(evidence: Evidence): string | undefined {
  return meeting(evidence, (send, before) => send.token === before.token);
}

/** Nothing is sent by who has given its lock away. */
export function holdsItsLock({ trace }: Evidence): string | undefined {
  const end = ownerEndAt(trace);
  const late = all(trace, "send").find((send) => end(send) < send.t);
  return late && `${late.tab} sent ${late.token} without the lock of ${late.claim.attId}`;
}

/** What is sent was claimed not longer ago than a permit lasts. */
export function sendsInTime({ trace, timing }: Evidence): string | undefined {
  const claimedAt = new Map<string, number>();
  for (const event of trace) {
    if (event.what === "write" && event.kind === "claim") {
      claimedAt.set(`${event.user} ${event.after.seq}`, event.t);
    }
    if (event.what !== "send") continue;
    const { tab, user, token, claim, t } = event;
    const ms = t - claimedAt.get(`${user} ${claim.seq}`)!;
    if (ms > timing.permitMs) return `${tab} sent ${token} ${ms} ms after its claim`;
  }
  return undefined;
}

/** I2: at most one attempt of a session is sent, not over, its owner alive and younger than a take-over. */
export function exclusion(evidence: Evidence): string | undefined {
  return meeting(
    evidence,
    (send, before) => send.user === before.user && send.claim.sid === before.claim.sid,
  );
}

function meeting(
  { trace, timing, mix }: Evidence,
  isRival: (send: Of<"send">, before: Of<"send">) => boolean,
): string | undefined {
  const over = overAt(trace);
  const end = ownerEndAt(trace);
  const { told } = mix.leeway;
  const isStrict = mix.webLocks && (told ?? Infinity) < timing.takeoverMs;
  const age = (isStrict ? timing.inDoubtMs : timing.takeoverMs) - timing.permitMs;
  const sends = all(trace, "send");
  for (const [i, send] of sends.entries()) {
    for (const before of sends.slice(0, i)) {
      if (!isRival(send, before) || send.t - before.t >= age) continue;
      if (Math.min(over(before.id), end(before)) > send.t) {
        return `${send.tab} sent ${send.token} (${send.id}) while ${before.id} of ${before.tab} was under way`;
      }
    }
  }
  return undefined;
}

/** What is sent is the token of the row, as the claim before it found it. */
export function sendsTheStoredToken({ trace, mix }: Evidence): string | undefined {
  const stored = new Map<string, string | undefined>();
  for (const event of trace) {
    if (event.what === "write") stored.set(event.user, refreshTokenOf(event.after));
    // Signed out between T1 and the send, or committed by a late answer that cannot do harm.
    if (event.what !== "send" || mix.leeway.told === 0) continue;
    const token = stored.get(event.user);
    if (token !== undefined && token !== event.token && !isReplaced(trace, event)) {
      return `${event.tab} sent ${event.token}, stored is ${token}`;
    }
  }
  return undefined;
}

function isReplaced(trace: Evidence["trace"], { user, claim, t }: Of<"send">): boolean {
  return all(trace, "write").some(
    ({ user: whose, after, t: at }) =>
      whose === user && at <= t && after.seq > claim.seq && after.sid !== claim.sid,
  );
}

/** I5: the server ends a grant only if a token reached it twice, or an answer was lost. */
export function noSelfInflictedRevocation({ trace }: Evidence): string | undefined {
  const over = new Map(all(trace, "over").map(({ id, answer }) => [id, answer]));
  for (const { t, by } of all(trace, "grant lost")) {
    if (by !== "reuse") continue;
    const processed = all(trace, "process").filter((event) => event.t <= t);
    const tokens = processed.map(({ token }) => token);
    const isTwice = new Set(tokens).size < tokens.length;
    const isLost = processed.some(({ id, issued }) => issued && over.get(id) !== "tokens");
    if (!isTwice && !isLost) return "the grant was lost although nothing was";
  }
  return undefined;
}

/** I5b: never with a leeway that suits, ghosts shorter than the drain and no resend on the wire. */
export function noRevocationWithinLeeway({ trace, mix, timing }: Evidence): string | undefined {
  const lost = all(trace, "grant lost").find(({ by }) => by === "reuse");
  if (!lost || hasFault(mix, "resend")) return undefined;
  const sentAt = new Map(all(trace, "send").map(({ id, t }) => [id, t]));
  const firstUse = new Map<string, number>();
  for (const { t, id, token, outcome } of all(trace, "process")) {
    if (outcome === "not processed") continue;
    if (t > lost.t) break;
    if (t - sentAt.get(id)! >= timing.drainMs) return undefined;
    const first = firstUse.get(token) ?? t;
    firstUse.set(token, first);
    if (t - first >= mix.leeway.real) return undefined;
  }
  return `grant ${lost.grant} was lost by ${lost.token}`;
}

/** I11: after an end no claim commits, and no send is later than a permit. */
export function nothingAfterAnEnd({ trace, timing }: Evidence): string | undefined {
  const ended = new Map<string, { sid: string; t: number }>();
  for (const event of trace) {
    if (event.what === "write") {
      const { user, kind, after, before, t } = event;
      if (kind === "login") ended.delete(user);
      if (kind === "end" || kind === "sign-out") ended.set(user, { sid: (before ?? after).sid, t });
      if (kind === "claim" && ended.has(user)) return `${event.tab} claimed after the end`;
    }
    if (event.what === "send") {
      const end = ended.get(event.user);
      if (end?.sid === event.claim.sid && event.t - end.t > timing.permitMs) {
        return `${event.tab} sent ${event.token} after the end`;
      }
    }
  }
  return undefined;
}
