import type { SessionRow } from "../../src/core/session.ts";
import { hasFault, overAt, ownerEndAt, refreshTokenOf, type Evidence } from "./judge.ts";
import { all, type Of, type Trace } from "./trace.ts";

/** I1: at most once unless lost. */
export function atMostOnceUnlessLost(evidence: Evidence): string | undefined {
  return meeting(evidence, (send, before) => send.token === before.token);
}

/** Nothing is sent by who has given its lock away. */
export function holdsItsLock({ trace }: Evidence): string | undefined {
  const end = ownerEndAt(trace);
  const late = all(trace, "send").find((send) => end(send) < send.t);
  return late && `${late.tab} sent ${late.token} without the lock of ${late.claim.attemptId}`;
}

/** What is sent was claimed not longer ago than a permit lasts. */
export function sendsInTime({ trace, timing }: Evidence): string | undefined {
  const claimed = claimedAt(trace);
  const late = all(trace, "send").find((send) => send.t - claimed(send) > timing.permitMs);
  return late && `${late.tab} sent ${late.token} ${late.t - claimed(late)} ms after its claim`;
}

/** When the T1 before a send was applied. */
function claimedAt(trace: Trace): (send: Of<"send">) => number {
  const writes = all(trace, "write").filter(({ kind }) => kind === "claim");
  const times = new Map(writes.map(({ user, after, t }) => [`${user} ${after.sequence}`, t]));
  return ({ user, claim }) => times.get(`${user} ${claim.sequence}`)!;
}

/** I2: at most one attempt of a session is sent, not over, its owner alive and younger than a take-over. */
export function exclusion(evidence: Evidence): string | undefined {
  return meeting(
    evidence,
    (send, before) => send.user === before.user && send.claim.sessionId === before.claim.sessionId,
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
      whose === user &&
      at <= t &&
      after.sequence > claim.sequence &&
      after.sessionId !== claim.sessionId,
  );
}

/**
 * I5: the server ends a grant for a token that is used again only if one send met it twice, if a request came later than any
 * client waits for, or if a token it had issued was not stored when the request was claimed: the answer was lost, or its reader gone.
 */
export function noSelfInflictedRevocation({ trace, server, timing }: Evidence): string | undefined {
  const sends = new Map(all(trace, "send").map((send) => [send.id, send]));
  const claimed = claimedAt(trace);
  const storedAt = new Map<string | undefined, number>();
  const issued = new Map<number, readonly string[]>();
  const met = new Set<number>();
  const resent = new Set<number>();
  for (const event of trace) {
    if (event.what === "write") {
      const token = refreshTokenOf(event.after);
      storedAt.set(token, storedAt.get(token) ?? event.t);
    }
    if (event.what !== "process" || event.outcome === "not processed") continue;
    const { id, token, outcome, t } = event;
    const { family } = server.find(token)!;
    const tokens = issued.get(family) ?? [];
    if (event.issued) issued.set(family, [...tokens, event.issued.refreshToken]);
    if (met.has(id)) resent.add(family);
    met.add(id);
    const send = sends.get(id)!;
    if (outcome !== "reuse" || resent.has(family) || t - send.t >= timing.drainMs) continue;
    if (tokens.every((token) => (storedAt.get(token) ?? Infinity) <= claimed(send)))
      return `${token} was used again, and nothing lost`;
  }
  return undefined;
}

/** I5b: never with a leeway that suits, ghosts shorter than the drain and no resend on the wire. */
export function noRevocationWithinLeeway({ trace, mix, timing }: Evidence): string | undefined {
  const lost = all(trace, "grant lost").find(({ by }) => by === "reuse");
  if (!lost || hasFault(mix, "resend") || (mix.leeway.told ?? Infinity) < mix.leeway.real)
    return undefined;
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

/** I11: an end is one: it has no tokens and no attempt, only a login follows it, and no send is later than a permit. */
export function nothingAfterAnEnd({ trace, timing }: Evidence): string | undefined {
  const endedAt = new Map<string, number>();
  for (const event of trace) {
    if (event.what === "write") {
      const { tab, kind, before, after, t } = event;
      if (before?.end && kind !== "login" && kind !== "logout")
        return `${tab} wrote into a session that was over: ${kind}`;
      if (after.end && !isEmpty(after)) return `${tab} ended a session and left something in it`;
      if (before && !before.end && before.sessionId !== after.sessionId)
        endedAt.set(before.sessionId, t);
      if (after.end && !endedAt.has(after.sessionId)) endedAt.set(after.sessionId, t);
    }
    if (event.what !== "send") continue;
    const end = endedAt.get(event.claim.sessionId);
    if (end !== undefined && event.t - end > timing.permitMs)
      return `${event.tab} sent ${event.token} after the end`;
  }
  return undefined;
}

function isEmpty({ attempt, renewable, access, tokens, signature }: SessionRow): boolean {
  const hasTokens = renewable || Object.keys(access).length > 0 || tokens !== null;
  return attempt === null && !hasTokens && signature === undefined;
}
