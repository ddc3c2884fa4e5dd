import { revokeLock } from "../core/keys.ts";
import { rowKey, type Run } from "./run.ts";

/**
 * An answer that came after its session was signed out or forgotten is given back to the server. One that was merely
 * overtaken is not: its revocation could end the grant of the session that stands.
 */
export async function revokeDiscarded(run: Run, refreshToken: string): Promise<void> {
  const { locks, store, send, clock } = run.ports;
  await locks.request(revokeLock(run.client), { mode: "exclusive" }, async () => {
    const row = await store.get(rowKey(run));
    if (row && row.end?.why !== "signed_out") return;
    try {
      await send.revoke(refreshToken);
    } catch {
      // Nobody knows whether it is still on its way, and a login must not be met by it.
      await clock.sleep(run.timing.requestMs + run.timing.drainMs);
    }
  });
}
