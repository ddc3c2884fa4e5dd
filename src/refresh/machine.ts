import { NoTokenError, RefreshTokenError } from "../core/errors.ts";
import type { SessionAttempt } from "../core/session.ts";
import { isNewer, newerVersion } from "../core/session-version.ts";
import { claim } from "./claim.ts";
import type { Next, Return } from "./states.ts";
import { ownerLock, rowKey, satisfying, type Run } from "./run.ts";

/** Goes from READ to RETURN, or rejects. */
export async function runMachine(run: Run): Promise<Return> {
  let next: Next = { state: "READ" };
  while (next.state !== "RETURN") {
    switch (next.state) {
      case "READ":
        next = await read(run);
        break;
      case "TEST":
        next = await test(run, next.att);
        break;
      case "WATCH":
        next = await watch(run, next.att);
        break;
      case "CLAIM":
        next = await claim(run, next.row);
        break;
    }
  }
  return next;
}

async function read(run: Run): Promise<Next> {
  const row = await run.ports.store.get(rowKey(run));
  if (!row) throw new NoTokenError("nobody is signed in");
  if (isNewer(row)) throw newerVersion();
  if (row.end)
    throw row.end.why === "signed_out"
      ? new NoTokenError("signed out")
      : new RefreshTokenError(row.end.why);
  const want = satisfying(run, row);
  if (want !== undefined) return { state: "RETURN", row, want };
  if (!row.renewable) throw new NoTokenError("the session has no refresh token");
  return row.att ? { state: "TEST", att: row.att } : { state: "CLAIM", row };
}

/** Is the owner of the attempt alive? Its lock knows. */
function test(run: Run, att: SessionAttempt): Promise<Next> {
  return run.ports.locks.request<Next>(
    ownerLock(att.id),
    { mode: "shared", ifAvailable: true },
    async (granted) => (granted ? ownerEnded(run, att) : { state: "WATCH", att }),
  );
}

/** Until somebody says something about the session, or the owner's lock is free. Losing every message costs only time. */
async function watch(run: Run, att: SessionAttempt): Promise<Next> {
  const leave = new AbortController();
  let unlisten = () => {};
  const news = new Promise<Next>((resolve) => {
    unlisten = run.ports.channel.listen((message) => {
      if (message.k === run.need.user) resolve({ state: "READ" });
    });
  });
  const ended = run.ports.locks.request<Next>(
    ownerLock(att.id),
    { mode: "shared", signal: leave.signal },
    () => ownerEnded(run, att),
  );
  try {
    return await Promise.race([news, ended]);
  } finally {
    unlisten();
    leave.abort();
  }
}

/** An owner may have committed just before it ended, so the row is read again before its attempt is followed. */
async function ownerEnded(run: Run, att: SessionAttempt): Promise<Next> {
  const row = await run.ports.store.get(rowKey(run));
  return row?.att?.id === att.id ? { state: "CLAIM", row } : { state: "READ" };
}
