import { hasFault, refreshTokenOf, type Evidence } from "./judge.ts";
import { all, type Of, type Trace } from "./trace.ts";

/** I3: `generation`, `sequence` and `committedSequence` never decrease. A commit increases `generation` by one. */
export function monotoneRow({ trace }: Evidence): string | undefined {
  for (const { before, after, kind, tab } of all(trace, "write")) {
    if (!before) continue;
    const { generation, sequence, committedSequence } = after;
    if (
      generation < before.generation ||
      sequence < before.sequence ||
      committedSequence < before.committedSequence
    )
      return `${tab} decreased a counter of the row`;
    if (generation !== before.generation && generation !== before.generation + 1)
      return `${tab} skipped a generation`;
    if (kind === "commit" && committedSequence <= before.committedSequence)
      return `${tab} committed an old attempt`;
  }
  return undefined;
}

/** I4: a stored refresh token is never replaced by one that the server issued earlier. */
export function noStepBack({ trace, server }: Evidence): string | undefined {
  for (const { before, after, kind, tab } of all(trace, "write")) {
    const [old, young] = [refreshTokenOf(before), refreshTokenOf(after)];
    // The tokens of a login belong to another family, and may be older because of a slow response.
    if (kind === "login" || old === undefined || young === undefined) continue;
    if (server.find(young)!.number < server.find(old)!.number) {
      return `${tab} replaced ${old} by the older ${young}`;
    }
  }
  return undefined;
}

/**
 * I7: a tab ends a session only after the tab itself received `invalid_grant` for the stored refresh token. When a response
 * was lost, the reason says so.
 */
export function noFalseDeath({ trace, mix }: Evidence): string | undefined {
  const sends = new Map<number, Of<"send">>();
  const refused = new Set<string>();
  const rotated = new Set<string>();
  for (const event of trace) {
    if (event.what === "send") sends.set(event.id, event);
    if (event.what === "over" && event.response === "invalid_grant") {
      refused.add(`${event.tab} ${sends.get(event.id)!.token}`);
    }
    if (event.what === "process") {
      const { outcome, token } = event;
      if (outcome === "rotated" || outcome === "replayed") rotated.add(token);
    }
    if (event.what !== "write" || event.kind !== "end") continue;
    const token = refreshTokenOf(event.before)!;
    const { reason } = event.after.end!;
    if (reason === "id_token") continue;
    if (!refused.has(`${event.tab} ${token}`)) return `${reason}, but ${token} was not refused`;
    // No client can know that the browser itself sent a request twice.
    if (reason === "session_ended" && rotated.has(token) && !hasFault(mix, "resend"))
      return `the reason is invalid_grant, but the response to ${token} was lost`;
  }
  return undefined;
}

/** I8: without a crash, a freeze, a hang or a network fault, the server expects the stored token, and no session ended. */
export function noForgottenToken({ mix, rows, server, trace }: Evidence): string | undefined {
  const { faults } = mix;
  const isSafe = [...faults].every((fault) =>
    [
      "slow storage",
      "clock jump",
      "messages",
      "keys",
      "refusal",
      "user needed",
      "unexplained",
      "too many",
      "failing storage",
    ].includes(fault),
  );
  if (!isSafe && !(hasFault(mix, "session") && faults.size === 1)) return undefined;
  const revoked = all(trace, "grant lost").filter(({ by }) => by === "revocation");
  for (const [user, row] of rows) {
    const token = refreshTokenOf(row);
    // I13 checks when the revocation of an older session may end the grant that a later login shares.
    const last = lastTokenOf(trace, user);
    const isRevoked = revoked.some(({ grant }) => last && grant === server.find(last)!.grant);
    if (isSafe && row.end && row.end.reason !== "id_token" && !isRevoked)
      return `the session of ${user} ended: ${row.end.reason}`;
    if (token === undefined || server.isCurrent(token)) continue;
    if (revoked.some(({ grant }) => grant === server.find(token)!.grant)) continue;
    return `${token} is stored, but the server expects another refresh token`;
  }
  return undefined;
}

/** The last refresh token in a user's row, even if the end of the session has deleted this token since. */
function lastTokenOf(trace: Trace, user: string): string | undefined {
  return all(trace, "write")
    .filter((write) => write.user === user)
    .flatMap(({ before, after }) => [refreshTokenOf(before), refreshTokenOf(after)])
    .findLast((token) => token !== undefined);
}
