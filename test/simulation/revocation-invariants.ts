import { hasFault, refreshTokenOf, type Evidence } from "./judge.ts";
import { all, type Of } from "./trace.ts";
import { PERMIT_MS } from "../../src/auth/logout/revocation.ts";
import { PASS_MS } from "../../src/auth/logout/pass-revocations.ts";

/** I13: neither a token nor a revocation of an older login undoes a later login. */
export function loginIsCurrent(evidence: Evidence): string | undefined {
  const { trace, server, mix } = evidence;
  const families = new Map<string, number>();
  for (const { after, kind, tab } of all(trace, "write")) {
    const token = refreshTokenOf(after);
    if (token === undefined) continue;
    const { family } = server.find(token)!;
    if (kind === "login") families.set(after.sessionId, family);
    else if (families.get(after.sessionId) !== family)
      return `${tab} stored ${token} of another login`;
  }
  const undone = all(trace, "grant lost").find(
    (event) => event.by === "revocation" && mix.webLocks && undoesLogin(evidence, event),
  );
  return undone && `the revocation of ${undone.token} undid a later login`;
}

/** A revocation is sent only after its session has ended. */
export function revokesOnlyWhatIsOver({ trace, server }: Evidence): string | undefined {
  const stored = new Map<string, number>();
  for (const event of trace) {
    if (event.what === "write") {
      const token = refreshTokenOf(event.after);
      stored.set(event.user, token === undefined ? -1 : server.find(token)!.family);
    }
    if (event.what !== "revocation leaves") continue;
    const { family, user } = server.find(event.token)!;
    if (stored.get(user) === family)
      return `${event.tab} revoked ${event.token} of a session that is alive`;
  }
  return undefined;
}

/** A revocation is sent at most `PERMIT_MS` after it requested its lock: later, a login may no longer wait for it. */
export function revokesInTime({ trace, mix }: Evidence): string | undefined {
  if (!mix.webLocks) return undefined;
  const asked = new Map<string, number>();
  for (const event of trace) {
    if (event.what === "revoke lock") {
      asked.set(event.tab, Math.max(event.asked, asked.get(event.tab) ?? 0));
    }
    if (event.what !== "revocation leaves") continue;
    const ms = event.t - asked.get(event.tab)!;
    if (ms > PERMIT_MS)
      return `${event.tab} revoked ${event.token} ${ms} ms after it asked for the lock`;
  }
  return undefined;
}

/** No login waits for revocations for longer than `PASS_MS`, because a user waits for the login. */
export function loginsLeaveInTime({ trace, mix }: Evidence): string | undefined {
  if (hasFault(mix, "hang", "freeze", "bfcache")) return undefined;
  const slow = all(trace, "login").find((login) => waitedMs(login) > PASS_MS);
  return slow && `${slow.tab} waited for revocations for ${waitedMs(slow)} ms`;
}

/** A login aborts the revocations of its tab. The tab does not send them again before the login has ended. */
export function revocationsGiveWay({ trace }: Evidence): string | undefined {
  const open = new Map<number, Of<"revocation leaves">>();
  const sent = new Map<string, Set<string>>();
  const logins = new Map<number, { tab: string; barred: ReadonlySet<string> }>();
  const isBarred = ({ tab, token }: Of<"revocation leaves">) =>
    [...logins.values()].some((login) => login.tab === tab && login.barred.has(token));
  for (const event of trace) {
    const { what } = event;
    if (what === "login asked") {
      logins.set(event.id, { tab: event.tab, barred: new Set(sent.get(event.tab)) });
    }
    if (what === "login over") logins.delete(event.id);
    if (what === "login") {
      const late = [...open.values()].find((leave) => leave.tab === event.tab && isBarred(leave));
      if (late) return `${event.tab} logged in while a revocation of ${late.token} was in flight`;
    }
    if (what === "revocation leaves") {
      if (isBarred(event)) return `${event.tab} revoked ${event.token} during a login`;
      open.set(event.id, event);
      sent.set(event.tab, (sent.get(event.tab) ?? new Set()).add(event.token));
    }
    if (what === "revocation over") open.delete(event.id);
  }
  return undefined;
}

/**
 * Whether a client could have prevented that a revocation ended the grant of a later login. A login waits for revocations in
 * flight for a second at most. No client knows what the server does with a revocation after that second. A login cannot wait
 * for a revocation that is sent after the login has left.
 */
function undoesLogin(
  { trace, server, timing }: Evidence,
  { grant, token, t }: Of<"grant lost">,
): boolean {
  const { family } = server.find(token)!;
  const { id } = all(trace, "revocation").findLast((sent) => sent.t === t && sent.token === token)!;
  const leave = all(trace, "revocation leaves").find((leave) => leave.id === id)!;
  const over = all(trace, "revocation over").find((over) => over.id === id)?.t ?? Infinity;
  // A closed tab loses the lock, but its request still reaches the server.
  if (all(trace, "fault").some(({ kind, tab }) => kind === "gone" && tab === leave.tab))
    return false;
  // After a failed or aborted request, no client waits for longer than a drain.
  if (t - over >= timing.drainMs) return false;
  return all(trace, "login").some((login) => {
    const later = server.find(login.token)!;
    const isLater = later.grant === grant && later.family > family;
    return isLater && login.left > leave.t && waitedMs(login) < PASS_MS;
  });
}

/** How long a login waited for revocations. Rounded, because times have fractions. Milliseconds. */
function waitedMs({ asked, left }: Of<"login">): number {
  return Math.round(left - asked);
}
