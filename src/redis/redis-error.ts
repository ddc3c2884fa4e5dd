import { StorageError } from "../core/errors.ts";
import { withHint } from "../core/with-hint.ts";

/** Advice by the first word of an error reply of Redis, by the code of a system error, or by the name of a client's error. */
const HINTS: Readonly<Record<string, string>> = {
  OOM: "Redis is full. Raise maxmemory, and keep maxmemory-policy noeviction, because Redis could otherwise evict locks and tokens.",
  NOAUTH: "Give the client the user name and the password of Redis.",
  WRONGPASS: "Give the client the user name and the password of Redis.",
  NOPERM:
    "Allow this user of Redis the keys latchkey/* and the commands GET, SET, UNLINK, SCAN, EVAL, DEL, TYPE, RENAME and PEXPIRE.",
  READONLY: "Connect the client to the primary server of Redis, because a replica stores nothing.",
  MISCONF: "Redis cannot save its data to the disk. Read the log of Redis.",
  LOADING: "Redis is starting. Call again.",
  BUSY: "A script of another client blocks Redis. Call again.",
  MOVED: "Connect the client to a server of Redis that is not part of a cluster.",
  ClientClosedError: "Call connect() of the client first, and close the client last.",
};

const UNREACHABLE =
  "Call again. If the call fails again, check that Redis runs and that this process reaches Redis.";

/** The error of `RedisCommands` when Redis does not reply, before `redisError()` names the command. */
export class NoReply extends Error {
  constructor(ms: number) {
    super(`no reply within ${ms} ms`);
  }
}

/**
 * Returns the `StorageError` for an error of a Redis client. Redis repeats parts of a command in some replies, and so do some
 * clients. A command can contain a token. So the error has no `cause`, and its message contains only the kind of the failure.
 * @see https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors
 */
export function redisError(command: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause;
  const kind = kindOf(cause);
  const what = cause instanceof NoReply ? cause.message : kind;
  return withHint(
    new StorageError(`Redis failed at the command ${command}: ${what}`),
    HINTS[kind] ?? UNREACHABLE,
  );
}

/** Returns the `StorageError` for a record that a newer version of Latchkey wrote. */
export function newerRecord(version: number, known: number): StorageError {
  return withHint(
    new StorageError(
      `Redis has a record of version ${version}, and this version of Latchkey reads version ${known}`,
    ),
    "Update Latchkey in this process, or give its storage another `prefix`.",
  );
}

/** Returns the `StorageError` for a record that changed during each of `tries` tries to replace it. */
export function changedRecord(tries: number): StorageError {
  return withHint(
    new StorageError(`another process changed the stored value during each of ${tries} tries`),
    "Call again. If the call fails again, find out which processes write the keys latchkey/storage/* in Redis.",
  );
}

/**
 * Returns the kind of an error: the first word of an error reply such as `OOM`, the code of a system error such as
 * `ECONNREFUSED`, or the name of the error's class.
 */
export function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && /^[A-Z][A-Z0-9_]{2,30}$/.test(code)) return code;
  const [reply] = /^[A-Z]{2,20}(?= )/.exec(error.message) ?? [];
  return reply ?? error.constructor.name;
}
