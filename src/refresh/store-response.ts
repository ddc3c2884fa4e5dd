import type { GrantedResponse } from "../core/refresher.ts";
import { NO_CHANGE, type SessionRow, type TokenRecord } from "../core/session.ts";
import { parseTargetKey, targetKey, type TargetKey } from "../core/token-target.ts";
import { withoutRefusal, withRefusal } from "./refusals.ts";
import { rowKey, type Run } from "./run.ts";
import { isLive, type ClaimedRow } from "./transactions.ts";

/**
 * Returns a function that stores the response in the session row, and returns the new row. After a failure, the function can be
 * called again. If `mayCommit()` forbids the write, for example because the session has ended, the function stores nothing and
 * returns undefined.
 */
export function commitResponse(
  run: Run,
  claimed: ClaimedRow,
  response: GrantedResponse,
): () => Promise<SessionRow | undefined> {
  const { store } = run.ports;
  let current: SessionRow = claimed;
  // The result of `store.seal()`, for repeated writes. In memory mode, each call of `seal()` keeps another copy of the tokens,
  // and the number of copies is limited.
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
        // If another tab has validated the ID token, `signature` has changed. This write must not undo the validation.
        mayCommit(run, row, claimed) && row.generation === generation && row.signature === signature
          ? respondedRow(run, row, claimed, response, tokens)
          : NO_CHANGE,
      );
      // An earlier write can have stored the response although the store reported a failure.
      if (row && hasResponse(row, claimed)) return row;
      if (!mayCommit(run, row, claimed)) return undefined;
      current = row;
      sealed = undefined;
    }
  };
}

/**
 * Returns the session row with the response, and does not store the row. While the store fails, callers get their token from
 * this row.
 */
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
  const { uncertain: _, ...rest } = row;
  const stored = {
    ...rest,
    generation,
    committedSequence: sequence,
    attempt: row.attempt?.sequence === sequence ? null : row.attempt,
    tokens,
  };
  if (response.type === "unusable") {
    const { status } = response.cause;
    // A response without a usable access token is stored like a refusal. The meaning `unexplained` causes only a short pause
    // before the next request.
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
  // If `reuseLeewayMs` is 0, a later attempt with the same refresh token cannot succeed. So the late response is stored.
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
 * Returns the scope of a token whose response has no `scope`: the requested scope, or otherwise the scope of the login.
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
