import type { SessionRow, TokenRecord } from "../../src/core/session.ts";
import { isForged, validatedIn } from "./id-tokens.ts";
import type { Evidence } from "./judge.ts";
import { all, type Of } from "./trace.ts";

/** When the ID token has a wrong claim, no token of the response is returned to a caller or stored. */
export function claimsBeforeStoring({ trace, server }: Evidence): string | undefined {
  const hasWrongClaims = (token: string | undefined) =>
    token !== undefined && server.find(token)?.flaw === "claims";
  for (const { tab, token } of all(trace, "got")) {
    if (hasWrongClaims(token)) return `${tab} returned ${token} of a response with wrong claims`;
  }
  for (const { tab, after } of all(trace, "write")) {
    const record = recordOf(after);
    const tokens = Object.values(record?.access ?? {}).map(({ token }) => token);
    const wrong = [record?.refreshToken, ...tokens].find(hasWrongClaims);
    if (wrong !== undefined) return `${tab} stored ${wrong} of a response with wrong claims`;
  }
  return undefined;
}

/** A tab that has the server's keys returns no token while the stored ID token is forged. */
export function signatureBeforeGiving({ trace, server }: Evidence): string | undefined {
  const keys = new Set<string>();
  const askedWithKeys = new Set<number>();
  const given = new Set<string>();
  const stored = new Map<string, string | undefined>();
  for (const event of trace) {
    if (event.what === "keys") keys.add(event.tab);
    if (event.what === "ask" && keys.has(event.tab)) askedWithKeys.add(event.need);
    if (event.what === "write") stored.set(event.user, recordOf(event.after)?.idToken);
    if (event.what !== "got") continue;
    const { tab, need, user, token } = event;
    const { idToken, flaw } = server.find(token)!;
    // The tab may return a token again that it returned before it had keys.
    const isFirst = !given.has(`${tab} ${token}`);
    given.add(`${tab} ${token}`);
    if (flaw === "signature" && isFirst && askedWithKeys.has(need) && stored.get(user) === idToken)
      return `${tab} had keys and returned ${token} with the forged ${idToken}`;
  }
  return undefined;
}

/** A validation is stored with the validated ID token only. An invalid ID token ends only the session that received it. */
export function validationsDoNotCross(evidence: Evidence): string | undefined {
  const forged = new Set<string>();
  const wrong = receivedWrongClaims(evidence);
  for (const { tab, before, after, t } of all(evidence.trace, "write")) {
    const record = recordOf(after);
    const { sessionId, end, signature } = after;
    if (isForged(record?.idToken)) forged.add(sessionId);
    if (record && validatedIn(record) !== record.idToken && record.idTokenVerified)
      return `${tab} stored the validation of ${String(validatedIn(record))} with ${record.idToken}`;
    if (record?.idTokenVerified && isForged(record.idToken))
      return `${tab} trusts ${record.idToken}`;
    if (record && record.idTokenVerified === (signature === "pending"))
      return `${tab} stored a signature state that contradicts the record`;
    const isReceived = wrong.some(
      (received) => received.tab === tab && received.sessionId === sessionId && received.t <= t,
    );
    if (end?.reason === "id_token" && !forged.has(sessionId) && !isReceived)
      return `${tab} ended a session because of another session's ID token`;
    if (isUndone(before && recordOf(before), record, before?.sessionId === sessionId))
      return `${tab} undid the validation of ${record?.idToken}`;
  }
  return undefined;
}

/** At the end, no signature is pending that an open tab could validate, and wrong claims have ended their session. */
export function everyIdTokenIsValidated(evidence: Evidence): string | undefined {
  const { trace, rows } = evidence;
  const gone = goneTabs(trace);
  for (const [user, row] of rows) {
    if (row.signature !== "pending") continue;
    const isOf = (event: { user: string }) => event.user === user;
    const commit = all(trace, "write").findLast((event) => isOf(event) && event.kind === "commit");
    const readers = all(trace, "got").filter((event) => isOf(event) && event.t > commit!.t);
    const living = [commit!, ...readers].find(({ tab }) => !gone.has(tab));
    if (living) return `${living.tab} did not validate ${recordOf(row)?.idToken}`;
  }
  return receivedWrongClaims(evidence)
    .filter(({ tab }) => !gone.has(tab))
    .map((received) => unended(evidence, received))
    .find((what) => what !== undefined);
}

interface Received {
  readonly tab: string;
  readonly user: string;
  readonly sessionId: string;
  readonly sequence: number;
  readonly t: number;
}

/** Responses with wrong claims that reached the tab that had sent the request. */
function receivedWrongClaims({ trace, server }: Evidence): Received[] {
  const sends = new Map(all(trace, "send").map((send) => [send.id, send]));
  const wrong = new Set<number>();
  for (const { id, issued } of all(trace, "process")) {
    if (issued && server.find(issued.refreshToken)?.flaw === "claims") wrong.add(id);
  }
  return all(trace, "over")
    .filter(({ id, response }) => wrong.has(id) && response === "invalid_id_token")
    .map(({ id, tab, t }) => {
      const { user, claim } = sends.get(id)!;
      return { tab, user, sessionId: claim.sessionId, sequence: claim.sequence, t };
    });
}

/** Describes a tab that did not end its session although the row still had the tab's attempt. */
function unended(
  { trace }: Evidence,
  { tab, user, sessionId, sequence, t }: Received,
): string | undefined {
  const isOurs = (row: SessionRow) =>
    row.sessionId === sessionId && row.attempt?.sequence === sequence;
  const writes = all(trace, "write").filter((event) => event.user === user);
  const before = writes.findLast((event) => event.t <= t);
  if (!before || !isOurs(before.after)) return undefined;
  const next = writes.find((event) => event.t >= t && event !== before && !isOurs(event.after));
  if (!next) return `${tab} did not end the session of ${user}`;
  const isOther = next.kind === "other" || next.kind === "commit";
  return next.tab === tab && isOther ? `${tab} continued the session of ${user}` : undefined;
}

function goneTabs(trace: Evidence["trace"]): ReadonlySet<string> {
  const faults = all(trace, "fault").filter(({ kind }) => kind === "gone");
  return new Set(faults.map(({ tab }) => tab));
}

function isUndone(
  before: TokenRecord | undefined,
  after: TokenRecord | undefined,
  isSameSession: boolean,
): boolean {
  return (
    isSameSession &&
    before?.idTokenVerified === true &&
    before.idToken === after?.idToken &&
    !after!.idTokenVerified
  );
}

function recordOf({ tokens }: Of<"write">["after"]): TokenRecord | undefined {
  return (tokens ?? undefined) as TokenRecord | undefined;
}
