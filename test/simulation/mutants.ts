import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, type Plugin, type Rolldown } from "vite";
import type { Subject } from "./subject.ts";
import type { RefreshTiming } from "../../src/refresh/timing.ts";

/** A change of the machine that takes one of its guards away. */
export interface Mutant {
  readonly name: string;
  /** In files of `src/`. */
  readonly edits: readonly (readonly [file: string, from: string, to: string])[];
  readonly timing?: Partial<RefreshTiming>;
  /** Where it shows. */
  readonly mix: string;
  /** The invariants that see it, each. */
  readonly breaks: readonly string[];
}

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));
const SUBJECT = fileURLToPath(new URL("subject.ts", import.meta.url));

/** The machine as the mutant has it. */
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
  return {
    name: "edited",
    enforce: "pre",
    load: async (id) => {
      const mine = edits.filter(([file]) => id === SRC + file);
      if (mine.length === 0) return undefined;
      let code = await readFile(id, "utf8");
      for (const [file, from, to] of mine) {
        if (!code.includes(from)) throw new Error(`${file} has no ${from}`);
        code = code.replace(from, () => to);
      }
      return code;
    },
  };
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: "no compare of seq and gen in T1",
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
    name: "no compare of gen in T1",
    edits: [["refresh/transactions.ts", "row.generation !== seen.generation || ", ""]],
    mix: "bfcache/10s/messages",
    breaks: ["I1 token"],
  },
  {
    name: "no test of the owner",
    edits: [["refresh/machine.ts", "row.attempt && row.attempt.sequence !== run.passed", "false"]],
    mix: "nothing/unknown/web locks",
    breaks: ["I1"],
  },
  {
    name: "a take-over after 5 s",
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
    name: "no compare of cseq",
    edits: [
      [
        "refresh/transactions.ts",
        "sequence > row.committedSequence && (row.attempt?.sequence === sequence || reuseLeewayMs === 0)",
        "true",
      ],
    ],
    mix: "hang and slow network/0 as told/web locks",
    breaks: ["I3"],
  },
  {
    name: "no strict fence",
    edits: [
      [
        "refresh/transactions.ts",
        "(row.attempt?.sequence === sequence || reuseLeewayMs === 0)",
        "true",
      ],
    ],
    mix: "hang and lost response/unknown/web locks",
    breaks: ["I5b"],
  },
  {
    name: "no permit",
    edits: [["refresh/claim.ts", "clock.monotonic() - begun > run.timing.permitMs", "false"]],
    mix: "hang/unknown/web locks",
    breaks: ["I1 token", "I1 permit"],
  },
  {
    name: "a drain shorter than the ghost",
    edits: [],
    timing: { drainMs: 50 },
    mix: "crash/unknown/web locks",
    breaks: ["I5b"],
  },
  {
    name: "an owner that goes says that it has not sent",
    edits: [
      ["refresh/owner.ts", "const unsent = this.#firstSentAt === undefined", "const unsent = true"],
    ],
    mix: "bfcache/unknown/web locks",
    breaks: ["I5b"],
  },
  {
    name: "a strict server is as patient as others",
    edits: [["refresh/watch.ts", "(run.reuseLeewayMs ?? Infinity) < takeoverMs", "false"]],
    mix: "freeze/10s/web locks",
    breaks: ["I1"],
  },
  {
    name: "an invalid_grant ends whatever session there is",
    edits: [["refresh/transactions.ts", "isStillOurs(row, claimed) ? endedRow", "row ? endedRow"]],
    mix: "session and slow network/10s/web locks",
    breaks: ["I7"],
  },
  {
    name: "only the first unanswered send is waited for",
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
    name: "who has given its lock away may send",
    edits: [
      ["refresh/transactions.ts", "if (owner.isReleased || satisfying", "if (satisfying"],
      ["refresh/claim.ts", "if (owner.isReleased) return {", "if (false) return {"],
      ["refresh/claim.ts", "if (owner.isReleased) return follow", "if (false) return follow"],
    ],
    mix: "freeze/unknown/web locks",
    breaks: ["I1 lock"],
  },
  {
    name: "a drain without an end",
    edits: [["refresh/drain.ts", "run.passed = attempt.sequence;", ""]],
    mix: "crash/unknown/web locks",
    breaks: ["I6"],
  },
  {
    name: "a store that is used in its sleep",
    edits: [["refresh/awake-store.ts", "if (!page.frozen()) return;", "return;"]],
    mix: "freeze/unknown/web locks",
    breaks: ["I10"],
  },
  {
    name: "an unanswered send counts as none",
    edits: [["refresh/claim.ts", 'certain = response.type !== "unknown";', "certain = true;"]],
    mix: "lost response/0/web locks",
    breaks: ["I7"],
  },
  {
    name: "an answer that could not be stored is thrown away",
    edits: [
      [
        "refresh/until-stored.ts",
        "if (!(error instanceof StorageError)) throw error;",
        "throw error;",
      ],
    ],
    mix: "failing storage/0/web locks",
    breaks: ["I8"],
  },
  {
    name: "a discarded answer is revoked whatever session stands",
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
    name: "a revocation that no login waits for",
    edits: [["auth/logout/pass-revocations.ts", "clock.sleep(PASS_MS", "clock.sleep(0"]],
    mix: "session and slow network/unknown/web locks",
    breaks: ["I13"],
  },
  {
    name: "a revocation that gives its lock away when it leaves",
    edits: [
      ["auth/logout/revocation.ts", "await response.catch(() => clock.sleep(DRAIN_MS));", ""],
    ],
    mix: "session and slow network/unknown/web locks",
    breaks: ["I13"],
  },
  {
    name: "a revocation whose ghost is not waited for",
    edits: [
      ["auth/logout/revocation.ts", "response.catch(() => clock.sleep(DRAIN_MS))", "response"],
    ],
    mix: "session and slow network/unknown/web locks",
    breaks: ["I13"],
  },
  {
    name: "a revocation without a permit",
    edits: [["auth/logout/revocation.ts", "clock.monotonic() - asked > PERMIT_MS", "false"]],
    mix: "all/unknown/web locks",
    breaks: ["I13 permit"],
  },
  {
    name: "a login that waits for as long as a revocation may take",
    edits: [["auth/logout/pass-revocations.ts", "PASS_MS = 1_000", "PASS_MS = 19_000"]],
    mix: "session and slow network/unknown/web locks",
    breaks: ["I13 wait"],
  },
  {
    name: "a login that does not abort the revocations of its tab",
    edits: [["auth/logout/revoke.ts", "this.#stop.abort(reason);", ""]],
    mix: "session and slow network/unknown/web locks",
    breaks: ["I13 gives way"],
  },
  {
    name: "a revocation that is tried again while a login is under way",
    edits: [["auth/logout/revoke.ts", "over !== this.#login; await over", "false; await over"]],
    mix: "session and slow network/unknown/web locks",
    breaks: ["I13 gives way"],
  },
  {
    name: "a late answer over a later one",
    edits: [["refresh/transactions.ts", "sequence > row.committedSequence && (", "("]],
    mix: "hang and slow network/0 as told/web locks",
    breaks: ["I3", "I4"],
  },
  {
    name: "an answer that is stored in a session that ended",
    edits: [["refresh/transactions.ts", "!isNewer(row) && !row.end &&", "!isNewer(row) &&"]],
    mix: "keys/unknown/web locks",
    breaks: ["I11"],
  },
  {
    name: "an end that leaves the tokens there",
    edits: [["refresh/transactions.ts", "renewable: false, access: {}, tokens: null", ""]],
    mix: "lost response/0/web locks",
    breaks: ["I11"],
  },
  {
    name: "one flight for all wants",
    edits: [["refresh/coordinator.ts", "JSON.stringify([user, target])", "user"]],
    mix: "nothing/unknown/web locks",
    breaks: ["I12"],
  },
  {
    name: "a message with a token",
    edits: [
      [
        "refresh/commit.ts",
        "target: claimed.attempt.target });",
        'target: response.type === "tokens" ? response.tokens.accessToken : "" });',
      ],
    ],
    mix: "nothing/unknown/web locks",
    breaks: ["I9"],
  },
  {
    name: "an ID token whose claims nobody validates",
    edits: [
      [
        "oidc/id-token/validate-refreshed.ts",
        "if (idToken === undefined) return granted;",
        "return granted;",
      ],
    ],
    mix: "keys/unknown/web locks",
    breaks: ["claims"],
  },
  {
    name: "wrong claims are a refused request",
    edits: [
      [
        "refresh/commit.ts",
        "endSession(run, claimed, { reason, claim })",
        'storeRefusal(run, claimed, { type: "refused", meaning: "unexplained", facts: {} })',
      ],
      ["refresh/commit.ts", "endSession, mergedRow", "mergedRow, storeRefusal"],
      ["refresh/commit.ts", "if (!row) return", "return"],
    ],
    mix: "keys/unknown/web locks",
    breaks: ["verdicts kept"],
  },
  {
    name: "a clock that ends sessions",
    edits: [["oidc/id-token/claims.ts", "if ((isSame || isOlder) && isOver", "if (isOver"]],
    mix: "clock jump/unknown/web locks",
    breaks: ["verdicts"],
  },
  {
    name: "a token that is given before its signature is validated with keys at hand",
    edits: [["refresh/commit.ts", "await validateAtHand(run, stored)", "stored"]],
    mix: "keys/unknown/web locks",
    breaks: ["signatures"],
  },
  {
    name: "a reader that leaves the signature to the tab that stored it",
    edits: [["refresh/machine.ts", "await validateAtHand(run, row)", "row"]],
    mix: "keys/unknown/web locks",
    breaks: ["signatures"],
  },
  {
    name: "a signature that cannot be validated now is never validated",
    edits: [["refresh/coordinator.ts", "this.#validateLater(need.user, delayMs)", "{}"]],
    mix: "keys/unknown/web locks",
    breaks: ["verdicts kept"],
  },
  {
    name: "a bad ID token that ends another login's session",
    edits: [
      ["refresh/transactions.ts", 'isLive(row, committed) && row.signature === "pending"', "row"],
    ],
    mix: "session and keys/unknown/web locks",
    breaks: ["verdicts"],
  },
  {
    name: "a validation that is stored with an ID token that came since",
    edits: [["refresh/transactions.ts", "if (record.idToken !== idToken) return committed;", ""]],
    mix: "keys/unknown/web locks",
    breaks: ["verdicts"],
  },
  {
    name: "an answer that takes a validation back",
    edits: [["refresh/transactions.ts", " && row.signature === signature", ""]],
    mix: "slow storage and keys/unknown/web locks",
    breaks: ["verdicts"],
  },
  {
    name: "a refresh token that is thrown away with an access token of no use",
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
    name: "a refusal that no tab reads",
    edits: [
      ["refresh/machine.ts", 'refused && refused.refusal.meaning !== "unexplained"', "false"],
      ["refresh/transactions.ts", "!before && currentRefusal", "false && currentRefusal"],
      ["refresh/pause.ts", "currentRefusal(row, run.need.target, now)?.remainingMs ?? 0", "0"],
    ],
    mix: "user needed/unknown/web locks",
    breaks: ["refusals"],
  },
  {
    name: "a refusal that nobody can explain is no reason to wait",
    edits: [
      ["refresh/transactions.ts", "!before && currentRefusal", "false && currentRefusal"],
      ["refresh/pause.ts", "currentRefusal(row, run.need.target, now)?.remainingMs ?? 0", "0"],
    ],
    mix: "unexplained/unknown/web locks",
    breaks: ["refusals"],
  },
  {
    name: "a refusal that no success ends",
    edits: [["refresh/transactions.ts", "...withoutRefusal(stored, target)", "...stored"]],
    mix: "unexplained/unknown/web locks",
    breaks: ["refusals end"],
  },
  {
    name: "a page load that begins the back-off anew",
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
    name: "without Web Locks nobody listens for a sign of life",
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
];
