import type { SessionRow } from "../../src/core/session.ts";
import { hasFault, overAt, ownerEndAt, refreshTokenOf, type Evidence } from "./judge.ts";
import { all, type Of, type Trace } from "./trace.ts";

/** I1: a refresh token is sent again only after the earlier send or its owner ended, or when a take-over is due. */
export function atMostOnceUnlessLost(evidence: Evidence): string | undefined {
  return meeting(evidence, (send, before) => send.token === before.token);
}

/** An owner that has released its lock sends nothing. */
export function holdsItsLock({ trace }: Evidence): string | undefined {
  const end = ownerEndAt(trace);
  const late = all(trace, "send").find((send) => end(send) < send.t);
  return late && `${late.tab} sent ${late.token} without the lock of ${late.claim.attemptId}`;
}

/** Every send follows its claim within `permitMs`. */
export function sendsInTime({ trace, timing }: Evidence): string | undefined {
  const claimed = claimedAt(trace);
  const late = all(trace, "send").find((send) => send.t - claimed(send) > timing.permitMs);
  return late && `${late.tab} sent ${late.token} ${late.t - claimed(late)} ms after its claim`;
}

/** By send: when the T1 before it was applied. Milliseconds. */
function claimedAt(trace: Trace): (send: Of<"send">) => number {
  const writes = all(trace, "write").filter(({ kind }) => kind === "claim");
  const times = new Map(writes.map(({ user, after, t }) => [`${user} ${after.sequence}`, t]));
  return ({ user, claim }) => times.get(`${user} ${claim.sequence}`)!;
}

/** I2: of each session, at most one attempt is in flight, has a living owner and is too young for a take-over. */
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
        return `${send.tab} sent ${send.token} (${send.id}) while ${before.id} of ${before.tab} was in flight`;
      }
    }
  }
  return undefined;
}

/** Every send uses the refresh token that the row had at its claim. */
export function sendsTheStoredToken({ trace, mix }: Evidence): string | undefined {
  const stored = new Map<string, string | undefined>();
  for (const event of trace) {
    if (event.what === "write") stored.set(event.user, refreshTokenOf(event.after));
    // With a leeway of 0 a late response may be committed between T1 and the send; it does no harm.
    if (event.what !== "send" || mix.leeway.told === 0) continue;
    const token = stored.get(event.user);
    // After a logout between T1 and the send there is no token.
    if (token !== undefined && token !== event.token && !isReplaced(trace, event)) {
      return `${event.tab} sent ${event.token}, but ${token} is stored`;
    }
  }
  return undefined;
}

function isReplaced(trace: Evidence["trace"], { user, claim, t }: Of<"send">): boolean {
  return all(trace, "write").some(
    ({ user: owner, after, t: at }) =>
      owner === user &&
      at <= t &&
      after.sequence > claim.sequence &&
      after.sessionId !== claim.sessionId,
  );
}

/**
 * I5: the server ends a grant for a reused token only in three cases. One send reached the server twice. Or a request arrived
 * later than any client waits. Or an issued token was not stored at the claim, because its response was lost or its tab closed.
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
      return `${token} was used again although no response was lost`;
  }
  return undefined;
}

/** I5b: within its leeway the server ends no grant, if no request outlives a drain and the browser resends nothing. */
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
  return `the reuse of ${lost.token} ended grant ${lost.grant}`;
}

/** I11: an ended session has no tokens and no attempt. Only a login or logout follows, and no send after `permitMs`. */
export function nothingAfterAnEnd({ trace, timing }: Evidence): string | undefined {
  const endedAt = new Map<string, number>();
  for (const event of trace) {
    if (event.what === "write") {
      const { tab, kind, before, after, t } = event;
      if (before?.end && kind !== "login" && kind !== "logout")
        return `${tab} wrote into an ended session: ${kind}`;
      if (after.end && !isEmpty(after))
        return `${tab} ended a session, but not all of it is deleted`;
      if (before && !before.end && before.sessionId !== after.sessionId)
        endedAt.set(before.sessionId, t);
      if (after.end && !endedAt.has(after.sessionId)) endedAt.set(after.sessionId, t);
    }
    if (event.what !== "send") continue;
    const end = endedAt.get(event.claim.sessionId);
    if (end !== undefined && event.t - end > timing.permitMs)
      return `${event.tab} sent ${event.token} after the end of the session`;
  }
  return undefined;
}

function isEmpty({ attempt, renewable, access, tokens, signature }: SessionRow): boolean {
  const hasTokens = renewable || Object.keys(access).length > 0 || tokens !== null;
  return attempt === null && !hasTokens && signature === undefined;
}
