import type { GrantedResponse } from "../core/refresher.ts";
import { NO_CHANGE, type SessionRow, type TokenRecord } from "../core/session.ts";
import { parseTargetKey, targetKey, type TargetKey } from "../core/token-target.ts";
import { withoutRefusal, withRefusal } from "./refusals.ts";
import { rowKey, type Run } from "./run.ts";
import { isLive, type ClaimedRow } from "./transactions.ts";

/**
 * Returns a function that stores the response in the row and returns the new row. If the store fails, the function can be
 * called again.
 * - If the session has ended, the function stores nothing and returns undefined.
 * - If the row has a later attempt, and `reuseLeewayMs` is not 0, the function also stores nothing and returns undefined.
 * - If the row has a later attempt, and `reuseLeewayMs` is 0, the function stores the response. Such a server ends the session
 *   when it gets the same refresh token twice. So if the later attempt has already sent the token again, the session is lost
 *   anyway. If not, the stored response saves the session.
 */
export function commitResponse(
  run: Run,
  claimed: ClaimedRow,
  response: GrantedResponse,
): () => Promise<SessionRow | undefined> {
  const { store } = run.ports;
  let current: SessionRow = claimed;
  // The result of `store.seal()`. A repeated write uses this result again. If each write called `store.seal()`, memory mode
  // would lose tokens: there, each call keeps another result in memory, and the tabs keep only a few results.
  let sealed: { tokens: unknown } | undefined;
  const seal = async () => {
    const record = mergeResponse(
      await store.open(current.tokens),
      claimed.attempt.target,
      response,
    );
    return { tokens: await store.seal(record) };
  };
  return async () => {
    for (;;) {
      const { generation, signature } = current;
      const { tokens } = (sealed ??= await seal());
      const row = await store.update(rowKey(run), (row) =>
        // If `signature` has changed, another tab has validated the ID token, and this write must not undo the validation.
        mayCommit(run, row, claimed) && row.generation === generation && row.signature === signature
          ? respondedRow(run, row, claimed, response, tokens)
          : NO_CHANGE,
      );
      // The row contains the response. Either this write stored it, or an earlier write stored it although the store reported a
      // failure.
      if (row && hasResponse(row, claimed)) return row;
      if (!mayCommit(run, row, claimed)) return undefined;
      current = row;
      sealed = undefined;
    }
  };
}

/** Returns the row that `commitResponse()` would store. While the store fails, callers get their token from this row. */
export async function mergedRow(
  run: Run,
  claimed: ClaimedRow,
  response: GrantedResponse,
): Promise<SessionRow> {
  const { store } = run.ports;
  const record = mergeResponse(await store.open(claimed.tokens), claimed.attempt.target, response);
  return respondedRow(run, claimed, claimed, response, await store.seal(record));
}

function respondedRow(
  run: Run,
  row: SessionRow,
  { attempt: { target, sequence } }: ClaimedRow,
  response: GrantedResponse,
  tokens: unknown,
): SessionRow {
  const generation = row.generation + 1;
  const stored = {
    ...row,
    generation,
    committedSequence: sequence,
    attempt: row.attempt?.sequence === sequence ? null : row.attempt,
    tokens,
  };
  if (response.type === "unusable") {
    const { status } = response.cause;
    // An unusable response is stored like a refusal. Its meaning is `unexplained`, because the first pause after such a refusal
    // is short. A short pause is right, because the server's next response might be usable.
    const refusal = { meaning: "unexplained", facts: { status } } as const;
    return withRefusal(stored, target, refusal, run.ports.clock.now());
  }
  const { expiresAt, scope, idToken } = response.tokens;
  const entry = {
    generation,
    expiresAt,
    scope: scope ?? row.access[target]?.scope ?? assumedScope(row, target),
    lifetimeMs: Math.max(0, expiresAt - run.ports.clock.now()),
  };
  return {
    ...withoutRefusal(stored, target),
    ...(idToken !== undefined && { signature: "pending" }),
    access: { ...row.access, [target]: entry },
  };
}

function mayCommit(
  { reuseLeewayMs }: Run,
  row: SessionRow | undefined,
  claimed: ClaimedRow,
): row is SessionRow {
  const { sequence } = claimed.attempt;
  return (
    isLive(row, claimed) &&
    sequence > row.committedSequence &&
    (row.attempt?.sequence === sequence || reuseLeewayMs === 0)
  );
}

function hasResponse(row: SessionRow, { sessionId, attempt }: ClaimedRow): boolean {
  return row.sessionId === sessionId && row.committedSequence === attempt.sequence && !row.end;
}

/**
 * Returns the scope to store if the response has no `scope`. This is the requested scope. If no scope was requested, it is the
 * scope of the login.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.1
 */
function assumedScope(row: SessionRow, target: TargetKey): string[] {
  const { scope } = parseTargetKey(target);
  return scope.length > 0 ? [...scope] : (row.access[targetKey({})]?.scope ?? []);
}

function mergeResponse(
  record: TokenRecord,
  target: TargetKey,
  response: GrantedResponse,
): TokenRecord {
  const { refreshToken } = response.type === "tokens" ? response.tokens : response;
  const merged = { ...record, ...(refreshToken !== undefined && { refreshToken }) };
  if (response.type === "unusable") return merged;
  const { accessToken, tokenType, idToken } = response.tokens;
  return {
    ...merged,
    ...(idToken !== undefined && { idToken, idTokenVerified: false }),
    access: { ...record.access, [target]: { token: accessToken, tokenType } },
  };
}
