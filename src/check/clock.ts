import type { Answer } from "./ask.ts";
import { change, note, ok, type Finding } from "./finding.ts";

/** Latchkey refuses an ID token when the clocks differ by more. Seconds. */
const TOLERANCE_S = 300;
const NOTEWORTHY_S = 30;

/** Compares the clock of the server with the clock of this machine. */
export function clockFinding({ headers }: Answer, now: number): Finding {
  const at = Date.parse(headers.get("date") ?? "");
  if (Number.isNaN(at)) return note("clock", "the response has no Date");
  const seconds = Math.round((at - now) / 1_000);
  const seen = `${Math.abs(seconds)} s ${seconds < 0 ? "behind" : "ahead of"} this machine`;
  if (Math.abs(seconds) > TOLERANCE_S)
    return change(
      "clock",
      seen,
      "Set the clock of the server, or of this machine. Latchkey tolerates 5 minutes.",
    );
  return Math.abs(seconds) > NOTEWORTHY_S ? note("clock", seen) : ok("clock", "right");
}
