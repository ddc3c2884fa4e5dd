import type { TokenRecord } from "../../src/core/session.ts";
import type { Evidence } from "./judge.ts";
import { all, type Of } from "./trace.ts";

/** The ID token that the server gave a `bad` name. */
export function isBad(idToken: string | undefined): boolean {
  return idToken?.startsWith("bad") ?? false;
}

/** What a verdict is about: the claims of a verified ID token name it. */
export function claimsOf(sub: string, idToken: string | undefined): TokenRecord["user"] {
  return { sub, claims: { sub, idToken } };
}

/** A verdict is kept with the ID token it is about, and ends the session that brought a bad one and no other. */
export function verdictsDoNotCross({ trace }: Evidence): string | undefined {
  const bad = new Set<string>();
  for (const { tab, before, after } of all(trace, "write")) {
    const record = recordOf(after);
    if (isBad(record?.idToken)) bad.add(after.sid);
    if (record?.idTokenVerified && record.user.claims["idToken"] !== record.idToken)
      return `${tab} stored the verdict on ${String(record.user.claims["idToken"])} with ${record.idToken}`;
    if (record?.idTokenVerified && isBad(record.idToken)) return `${tab} trusts ${record.idToken}`;
    if (after.end?.why === "id_token" && !bad.has(after.sid))
      return `${tab} ended a session for the ID token of another`;
    if (isUndone(before && recordOf(before), record, before?.sid === after.sid))
      return `${tab} took the verdict on ${record?.idToken} back`;
  }
  return undefined;
}

/** At rest the ID token of a session is judged, unless the tab that stored it is gone. */
export function everyIdTokenIsJudged({ trace, rows }: Evidence): string | undefined {
  const gone = new Set(
    all(trace, "fault")
      .filter(({ kind }) => kind === "gone")
      .map(({ tab }) => tab),
  );
  for (const [user, row] of rows) {
    const record = recordOf(row);
    if (record?.idToken === undefined || record.idTokenVerified) continue;
    const commit = all(trace, "write").findLast(
      (event) => event.user === user && event.kind === "commit",
    );
    if (!gone.has(commit!.tab)) return `${commit!.tab} did not judge ${record.idToken}`;
  }
  return undefined;
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
