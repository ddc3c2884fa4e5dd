import type { TabMessage } from "../../src/core/message.ts";
import type { SessionRow } from "../../src/core/session.ts";

/** The kind of a change to a row. */
export type Writing = "login" | "logout" | "claim" | "commit" | "end" | "other";

/** An event of a run, without its time. */
export type Happening =
  /** A tab sends a request. `claim`: the attempt that the T1 before it wrote. */
  | {
      what: "send";
      tab: string;
      id: number;
      user: string;
      target: string;
      token: string;
      claim: Claim;
    }
  /** The tab has the result of its request. */
  | { what: "over"; tab: string; id: number; response: string }
  /** The server processes a request. */
  | { what: "process"; id: number; token: string; outcome: Outcome; issued?: Issued }
  /** The lock of an attempt became free, or its tab closed. */
  | { what: "owner end"; attemptId: string }
  | {
      what: "write";
      tab: string;
      user: string;
      kind: Writing;
      before?: SessionRow;
      after: SessionRow;
    }
  | { what: "message"; message: TabMessage }
  | { what: "frozen begin"; tab: string }
  | { what: "transaction"; tab: string; ms: number }
  | { what: "ask"; tab: string; need: number; user: string; target: string; notGeneration: number }
  | {
      what: "got";
      tab: string;
      need: number;
      user: string;
      target: string;
      token: string;
      generation: number;
    }
  | { what: "failed"; tab: string; need: number; code: string; reason: string }
  | { what: "login asked"; tab: string; id: number }
  /** The server responds to a login. The login requested the revocation lock at `asked` and left its page at `left`. */
  | { what: "login"; tab: string; user: string; asked: number; left: number; token: string }
  | { what: "login over"; tab: string; id: number }
  /** A revocation that requested its lock at `asked` has the lock now. */
  | { what: "revoke lock"; tab: string; asked: number }
  | { what: "revocation leaves"; tab: string; id: number; token: string }
  /** The tab has the result of its revocation, or has aborted it. */
  | { what: "revocation over"; id: number }
  /** The server processes a revocation. */
  | { what: "revocation"; id: number; token: string }
  | { what: "grant lost"; grant: number; by: "reuse" | "revocation"; token: string }
  | { what: "pause"; tab: string; ms: number }
  /** The tab has the server's keys from now on. */
  | { what: "keys"; tab: string }
  | { what: "fault"; kind: string; tab: string; ms?: number }
  /** A worker of this or another version has started. */
  | { what: "worker"; tab: string; version: string }
  /** A message between a page and a worker. */
  | { what: "port"; from: string; to: string; message: unknown }
  /** A page refreshes by itself. */
  | { what: "own"; tab: string }
  /** A message of a worker has reached a page in the bfcache. */
  | { what: "evicted"; tab: string }
  | { what: "calm" };

/** The action of the server on a refresh request. */
export type Outcome = "rotated" | "replayed" | "reuse" | "invalid" | "not processed";

/** The attempt that a T1 wrote, and its session. */
export interface Claim {
  readonly attemptId: string;
  readonly sequence: number;
  readonly uncertainSends: number;
  readonly sessionId: string;
}

/** The tokens of one response. */
export interface Issued {
  readonly refreshToken: string;
  readonly accessToken: string;
}

/** All events of a run, in order. */
export type Trace = readonly Traced[];
/** An event with its virtual time. Milliseconds. */
export type Traced = Happening & { readonly t: number };
/** The events of one kind. */
export type Of<W extends Happening["what"]> = Extract<Traced, { what: W }>;

/** Returns the events of one kind, in order. */
export function all<W extends Happening["what"]>(trace: Trace, what: W): Of<W>[] {
  return trace.filter((event): event is Of<W> => event.what === what);
}

/** Formats an event as one line. */
export function show({ t, what, ...rest }: Traced): string {
  const shown = JSON.stringify(rest, (key, value: unknown) =>
    key === "before" || key === "after" ? brief(value as SessionRow) : value,
  );
  return `${(t / 1000).toFixed(3).padStart(9)}  ${what.padEnd(12)} ${shown}`;
}

function brief(row: SessionRow | undefined): unknown {
  if (!row) return "-";
  const { sessionId, generation, sequence, committedSequence, attempt, end, tokens } = row;
  const token = (tokens as { refreshToken?: string } | null)?.refreshToken;
  return { sessionId, generation, sequence, committedSequence, attempt, end, token };
}
