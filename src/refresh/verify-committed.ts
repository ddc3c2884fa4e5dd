import type { SessionRow, TokenRecord } from "../core/session.ts";
import { tell, type Run } from "./run.ts";
import { endedRow, settleIdToken } from "./transactions.ts";

/**
 * Judges the ID token that came with a committed answer. A rotated refresh token must be stored at once or be lost, so
 * this comes after; a bad ID token then ends the session, and keys that cannot be had leave it unverified.
 */
export async function verifyCommitted(
  run: Run,
  committed: SessionRow,
  record: TokenRecord,
): Promise<void> {
  const verdict = await run.ports.send.verify(record);
  if (verdict.type === "unknown") return;
  if (verdict.type === "invalid") {
    const end = { why: "id_token", seq: committed.cseq } as const;
    const row = await settleIdToken(run, committed, (row) => endedRow(row, end));
    if (row?.end?.why === "id_token") tell(run, row.sid, { t: "ended", ...end });
    return;
  }
  const tokens = await run.ports.store.seal({
    ...record,
    user: verdict.user,
    ...(verdict.authTime !== undefined && { authTime: verdict.authTime }),
    idTokenVerified: true,
  });
  await settleIdToken(run, committed, (row) => ({ ...row, tokens }));
}
