import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, type Plugin, type Rolldown } from "vite";
import type { Subject } from "./subject.ts";
import type { RefreshTiming } from "../../src/refresh/timing.ts";

/** A changed copy of the code under test that lacks one guard. */
export interface Mutant {
  readonly name: string;
  /** Replacements in files of `src/`. */
  readonly edits: readonly (readonly [file: string, from: string, to: string])[];
  readonly timing?: Partial<RefreshTiming>;
  /** The mix in which the invariants catch this mutant. */
  readonly mix: string;
  /** The invariants that must all report a violation. */
  readonly breaks: readonly string[];
}

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));
const SUBJECT = fileURLToPath(new URL("subject.ts", import.meta.url));

/** Builds the code under test with the edits of a mutant. */
export async function mutated({ edits, timing }: Mutant): Promise<Subject> {
  const result = await build({
    configFile: false,
    logLevel: "silent",
    plugins: [edited(edits)],
    build: { write: false, minify: false, lib: { entry: SUBJECT, formats: ["es"] } },
  });
  const [{ output }] = result as Rolldown.RolldownOutput[] as [Rolldown.RolldownOutput];
  const url = `data:text/javascript;base64,${Buffer.from(output[0].code).toString("base64")}`;
  const { ORIGINAL } = (await import(/* @vite-ignore */ url)) as { ORIGINAL: Subject };
  return { ...ORIGINAL, ...(timing && { timing }) };
}

function edited(edits: Mutant["edits"]): Plugin {
  const unread = new Set(edits.map(([file]) => file));
  return {
    name: "edited",
    enforce: "pre",
    buildEnd: () => {
      if (unread.size > 0) throw new Error(`the code has no ${[...unread].join(", ")}`);
    },
    load: async (id) => {
      const mine = edits.filter(([file]) => id === SRC + file);
      if (mine.length === 0) return undefined;
      let code = await readFile(id, "utf8");
      for (const [file, from, to] of mine) {
        unread.delete(file);
        if (!code.includes(from)) throw new Error(`${file} does not contain: ${from}`);
        code = code.replace(from, () => to);
      }
      return code;
    },
  };
}

/** One mutant per guard of the code. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "T1 compares neither sequence nor generation",
    edits: [
      [
        "refresh/transactions.ts",
        "row.generation !== seen.generation || row.sequence !== seen.sequence",
        "false",
      ],
      [
        "refresh/transactions.ts",
        "isClaimedBy(attemptId, seen.sequence + 1, row)",
        "row?.attempt?.id === attemptId",
      ],
      [
        "refresh/transactions.ts",
        "? row : undefined;\n}\n\nfunction isClaimedBy",
        "? (row as ClaimedRow) : undefined;\n}\n\nfunction isClaimedBy",
      ],
    ],
    mix: "nothing/0/web locks",
    breaks: ["I1", "I2", "I5"],
  },
  {
    name: "T1 does not compare generation",
    edits: [["refresh/transactions.ts", "row.generation !== seen.generation || ", ""]],
    mix: "bfcache/10s/messages",
    breaks: ["I1 token"],
  },
  {
    name: "a tab claims without a test of the owner's lock",
    edits: [["refresh/machine.ts", "row.attempt && row.attempt.sequence !== run.passed", "false"]],
    mix: "nothing/unknown/web locks",
    breaks: ["I1"],
  },
  {
    name: "a tab takes an attempt over after 5 s",
    edits: [
      [
        "refresh/timing.ts",
        "all.takeoverMs >= all.permitMs + all.requestMs + 3 * all.tickMs",
        "true",
      ],
    ],
    timing: { takeoverMs: 5_000 },
    mix: "hang/unknown/web locks",
    breaks: ["I1"],
  },
  {
    name: "a commit does not compare committedSequence",
    edits: [
      [
        "refresh/store-response.ts",
        "sequence > row.committedSequence &&\n    (row.attempt?.sequence === sequence || reuseLeewayMs === 0)",
        "true",
      ],
    ],
    mix: "hang and slow network/0 as told/web locks",
    breaks: ["I3"],
  },
  {
    name: "a response is stored although a later attempt exists",
    edits: [
      [
        "refresh/store-response.ts",
        "(row.attempt?.sequence === sequence || reuseLeewayMs === 0)",
        "true",
      ],
    ],
    mix: "hang and lost response/unknown/web locks",
    breaks: ["I5b"],
  },
  {
    name: "a send needs no permit",
    edits: [["refresh/claim.ts", "clock.monotonic() - begun > run.timing.permitMs", "false"]],
    mix: "hang/unknown/web locks",
    breaks: ["I1 token", "I1 permit"],
  },
  {
    name: "a drain is shorter than a request in flight",
    edits: [],
    timing: { drainMs: 50 },
    mix: "crash/unknown/web locks",
    breaks: ["I5b"],
  },
  {
    name: "a closing owner says that it has not sent",
    edits: [
      ["refresh/owner.ts", "const unsent = this.#firstSentAt === undefined", "const unsent = true"],
    ],
    mix: "bfcache/unknown/web locks",
    breaks: ["I5b"],
  },
  {
    name: "a take-over at a strict server comes as early as elsewhere",
    edits: [["refresh/watch.ts", "(run.reuseLeewayMs ?? Infinity) < takeoverMs", "false"]],
    mix: "freeze/10s/web locks",
    breaks: ["I1"],
  },
  {
    name: "an invalid_grant ends any session in the row",
    edits: [["refresh/transactions.ts", "isStillOurs(row, claimed) ? endedRow", "row ? endedRow"]],
    mix: "session and slow network/10s/web locks",
    breaks: ["I7"],
  },
  {
    name: "a drain follows only the first send without a response",
    edits: [
      [
        "refresh/claim.ts",
        'response.type === "unknown" ? run',
        'response.type === "unknown" && claimed.attempt.uncertainSends === 0 ? run',
      ],
    ],
    mix: "lost response/unknown/web locks",
    breaks: ["I5b"],
  },
  {
    name: "an owner that has released its lock sends",
    edits: [
      ["refresh/transactions.ts", "if (owner.isReleased || satisfying", "if (satisfying"],
      ["refresh/claim.ts", "if (owner.isReleased) return {", "if (false) return {"],
      ["refresh/claim.ts", "if (owner.isReleased) return follow", "if (false) return follow"],
    ],
    mix: "freeze/unknown/web locks",
    breaks: ["I1 lock"],
  },
  {
    name: "a drain never ends",
    edits: [["refresh/watch.ts", "    run.passed = attempt.sequence;\n  });", "  });"]],
    mix: "crash/unknown/web locks",
    breaks: ["I6"],
  },
  {
    name: "a frozen page uses the store",
    edits: [["refresh/pause.ts", "if (!page.frozen()) return;", "return;"]],
    mix: "freeze/unknown/web locks",
    breaks: ["I10"],
  },
  {
    name: "a send without a response does not count",
    edits: [["refresh/claim.ts", 'certain = response.type !== "unknown";', "certain = true;"]],
    mix: "lost response/0/web locks",
    breaks: ["I7"],
  },
  {
    name: "a response that could not be stored is discarded",
    edits: [
      [
        "refresh/transactions.ts",
        "if (!(error instanceof StorageError)) throw error;",
        "throw error;",
      ],
    ],
    mix: "failing storage/0/web locks",
    breaks: ["I8"],
  },
  {
    name: "a discarded response is revoked although a session is alive",
    edits: [
      [
        "auth/logout/revocation.ts",
        'if (row && reason !== "logged_out" && reason !== "id_token") throw signedInAgain();',
        "",
      ],
    ],
    mix: "all/unknown/web locks",
    breaks: ["I13 revocation"],
  },
  {
    name: "no login waits for a revocation",
    edits: [["auth/logout/pass-revocations.ts", "clock.sleep(PASS_MS", "clock.sleep(0"]],
    mix: "session and slow network/unknown/web locks",
    breaks: ["I13"],
  },
  {
    name: "a revocation releases its lock as soon as it is sent",
    edits: [
      ["auth/logout/revocation.ts", "await response.catch(() => clock.sleep(DRAIN_MS));", ""],
    ],
    mix: "session and slow network/unknown/web locks",
    breaks: ["I13"],
  },
  {
    name: "a failed revocation releases its lock at once",
    edits: [
      ["auth/logout/revocation.ts", "response.catch(() => clock.sleep(DRAIN_MS))", "response"],
    ],
    mix: "session and slow network/unknown/web locks",
    breaks: ["I13"],
  },
  {
    name: "a revocation needs no permit",
    edits: [["auth/logout/revocation.ts", "clock.monotonic() - asked > PERMIT_MS", "false"]],
    mix: "all/unknown/web locks",
    breaks: ["I13 permit"],
  },
  {
    name: "a login waits for as long as a revocation may take",
    edits: [["auth/logout/pass-revocations.ts", "PASS_MS = 1_000", "PASS_MS = 19_000"]],
    mix: "session and slow network/unknown/web locks",
    breaks: ["I13 wait"],
  },
  {
    name: "a login does not abort the revocations of its tab",
    edits: [["auth/logout/revocation.ts", "this.#stop.abort(reason);", ""]],
    mix: "session and slow network/unknown/web locks",
    breaks: ["I13 gives way"],
  },
  {
    name: "a revocation is retried while a login is in progress",
    edits: [["auth/logout/revocation.ts", "over !== this.#login; await over", "false; await over"]],
    mix: "session and slow network/unknown/web locks",
    breaks: ["I13 gives way"],
  },
  {
    name: "a late response replaces a later one",
    edits: [["refresh/store-response.ts", "sequence > row.committedSequence &&\n    (", "("]],
    mix: "hang and slow network/0 as told/web locks",
    breaks: ["I3", "I4"],
  },
  {
    name: "a response is stored in an ended session",
    edits: [["refresh/transactions.ts", "!isNewer(row) && !row.end &&", "!isNewer(row) &&"]],
    mix: "keys/unknown/web locks",
    breaks: ["I11"],
  },
  {
    name: "an ended session keeps its tokens",
    edits: [
      ["refresh/transactions.ts", "renewable: false,\n    access: {},\n    tokens: null,", ""],
    ],
    mix: "lost response/0/web locks",
    breaks: ["I11"],
  },
  {
    name: "one refresh is shared by all targets",
    edits: [["refresh/coordinator.ts", "JSON.stringify([user, target])", "user"]],
    mix: "nothing/unknown/web locks",
    breaks: ["I12"],
  },
  {
    name: "a message contains a token",
    edits: [
      [
        "refresh/commit.ts",
        "target: claimed.attempt.target,\n  });",
        'target: response.type === "tokens" ? response.tokens.accessToken : "",\n  });',
      ],
    ],
    mix: "nothing/unknown/web locks",
    breaks: ["I9"],
  },
  {
    name: "the claims of a refreshed ID token are not validated",
    edits: [
      [
        "oidc/id-token/verify-stored.ts",
        "if (idToken === undefined) return granted;",
        "return granted;",
      ],
    ],
    mix: "keys/unknown/web locks",
    breaks: ["claims"],
  },
  {
    name: "wrong claims count as a refused request",
    edits: [
      [
        "refresh/commit.ts",
        "endSession(run, claimed, { reason, claim })",
        'storeRefusal(run, claimed, { type: "refused", meaning: "unexplained", facts: {} })',
      ],
      ["refresh/commit.ts", "endSession, untilStored", "storeRefusal, untilStored"],
      ["refresh/commit.ts", "if (!row) return", "return"],
    ],
    mix: "keys/unknown/web locks",
    breaks: ["validations kept"],
  },
  {
    name: "the clock of the device ends sessions",
    edits: [["oidc/id-token/claims.ts", "if ((isSame || isOlder) && isExpired", "if (isExpired"]],
    mix: "clock jump/unknown/web locks",
    breaks: ["validations"],
  },
  {
    name: "a tab with keys returns a token before it validates the signature",
    edits: [["refresh/commit.ts", "await validateAtHand(run, stored)", "stored"]],
    mix: "keys/unknown/web locks",
    breaks: ["signatures"],
  },
  {
    name: "a reading tab leaves the signature to the tab that stored it",
    edits: [["refresh/machine.ts", "await validateAtHand(run, row)", "row"]],
    mix: "keys/unknown/web locks",
    breaks: ["signatures"],
  },
  {
    name: "a signature that cannot be validated at once is never validated",
    edits: [["refresh/coordinator.ts", "this.#validateLater(need.user, delayMs)", "{}"]],
    mix: "keys/unknown/web locks",
    breaks: ["validations kept"],
  },
  {
    name: "an invalid ID token ends the session of another login",
    edits: [
      ["refresh/transactions.ts", 'isLive(row, committed) && row.signature === "pending"', "row"],
    ],
    mix: "session and keys/unknown/web locks",
    breaks: ["validations"],
  },
  {
    name: "a validation is stored with a newer ID token",
    edits: [["refresh/transactions.ts", "if (record.idToken !== idToken) return committed;", ""]],
    mix: "keys/unknown/web locks",
    breaks: ["validations"],
  },
  {
    name: "a response undoes a validation",
    edits: [["refresh/store-response.ts", " && row.signature === signature", ""]],
    mix: "slow storage and keys/unknown/web locks",
    breaks: ["validations"],
  },
  {
    name: "a refresh token is discarded with an unusable access token",
    edits: [
      [
        "refresh/claim.ts",
        'case "unusable":\n',
        'return commit(run, claimed, response);\n      case "unusable":\n        return refused(run, claimed, { type: "refused", meaning: "wrong request", facts: {} });\n',
      ],
    ],
    mix: "refusal/unknown/web locks",
    breaks: ["I8"],
  },
  {
    name: "no tab reads a stored refusal",
    edits: [
      ["refresh/machine.ts", 'refused.refusal.meaning !== "unexplained" &&', "false &&"],
      ["refresh/transactions.ts", "!before && currentRefusal", "false && currentRefusal"],
      ["refresh/pause.ts", "currentRefusal(row, run.need.target, now)?.remainingMs ?? 0", "0"],
    ],
    mix: "user needed/unknown/web locks",
    breaks: ["refusals"],
  },
  {
    name: "an unexplained refusal causes no pause",
    edits: [
      ["refresh/transactions.ts", "!before && currentRefusal", "false && currentRefusal"],
      ["refresh/pause.ts", "currentRefusal(row, run.need.target, now)?.remainingMs ?? 0", "0"],
    ],
    mix: "unexplained/unknown/web locks",
    breaks: ["refusals"],
  },
  {
    name: "a successful refresh does not end a refusal",
    edits: [["refresh/store-response.ts", "...withoutRefusal(stored, target)", "...stored"]],
    mix: "unexplained/unknown/web locks",
    breaks: ["refusals end"],
  },
  {
    name: "a page load restarts the back-off",
    edits: [["refresh/pause.ts", "(attempt.retryAt ?? 0) - now", "0"]],
    mix: "reload and outage/unknown/web locks",
    breaks: ["back-off"],
  },
  {
    name: "without Web Locks every owner counts as ended",
    edits: [
      [
        "browser/tabs/broadcast-tab-lock.ts",
        "this.#ended.has(name) && !this.#held.has(name)",
        "true",
      ],
    ],
    mix: "slow network/unknown/messages",
    breaks: ["I1"],
  },
  {
    name: "without Web Locks a silent owner counts as ended after 5 s",
    edits: [
      [
        "browser/tabs/broadcast-tab-lock.ts",
        "clock.monotonic() - receivedAt < takeoverMs",
        "clock.monotonic() - receivedAt < 5_000",
      ],
    ],
    mix: "hang/unknown/messages",
    breaks: ["I1"],
  },
  {
    name: "a message of a worker contains a token",
    edits: [
      ["worker/refresh-server.ts", "const { generation = -1, origin } =", "const tokens ="],
      [
        "worker/refresh-server.ts",
        'return { type: "stored", generation, isOwn: origin === "this-tab" };',
        'return { type: "stored", generation: tokens.generation ?? -1, isOwn: true, ...tokens };',
      ],
    ],
    mix: "worker, nothing/unknown/web locks",
    breaks: ["ports"],
  },
  {
    name: "a page in the bfcache keeps its port",
    edits: [
      [
        "worker/worker-refresher.ts",
        'if (event === "pagehide") this.#end("away");',
        'if (event === "pagehide") return;',
      ],
    ],
    mix: "worker, bfcache/unknown/web locks",
    breaks: ["ports"],
  },
  {
    name: "a page waits for a worker that does not respond",
    edits: [
      [
        "worker/worker-connection.ts",
        "Promise.race([this.#hello, response, late])",
        "Promise.race([this.#hello, response])",
      ],
      ["worker/worker-refresher.ts", " || connection.isSilentFor(RESPONSE_MS)", ""],
      [
        "worker/worker-refresher.ts",
        'if (error instanceof TimeoutError) this.#end("silent");\n        throw error;',
        "throw error;",
      ],
    ],
    mix: "worker, nothing/unknown/web locks",
    breaks: ["I6"],
  },
  {
    name: "a page uses a worker of another version",
    edits: [
      [
        "worker/messages.ts",
        'if (message.protocol !== WORKER_PROTOCOL) return undefined;\n  switch (message.type) {\n    case "hello":\n      return has(message, { worker',
        'switch (message.type) {\n    case "hello":\n      return has(message, { worker',
      ],
      // Without this line, the page asks the same worker again after each timeout.
      [
        "worker/worker-refresher.ts",
        'if (error instanceof TimeoutError) this.#end("silent");\n        throw error;',
        "throw error;",
      ],
    ],
    mix: "worker, nothing/unknown/web locks",
    breaks: ["I6"],
  },
  {
    name: "a page does not notice that its worker has died",
    edits: [["worker/worker-life.ts", "if (!signal.aborted) listener();", ""]],
    mix: "worker, crash/unknown/web locks",
    breaks: ["worker deaths"],
  },
  {
    name: "a page takes any token that the row has",
    edits: [
      ["worker/worker-refresher.ts", "access[key]!.generation === generation", "access[key]"],
    ],
    mix: "worker, nothing/unknown/web locks",
    breaks: ["I12"],
  },
  {
    name: "a page with keys leaves the signature to the worker",
    edits: [["worker/worker-refresher.ts", "await own.validate(user).catch(unlessNetwork);", ""]],
    mix: "worker, keys/unknown/web locks",
    breaks: ["signatures"],
  },
  {
    name: "a frozen page reads the row after a response of its worker",
    edits: [
      ["worker/worker-refresher.ts", "if (ports.page.frozen()) await this.#untilAwake();", ""],
    ],
    mix: "worker, freeze/unknown/web locks",
    breaks: ["I10"],
  },
];
