import { TOLERANCE_S } from "../oidc/id-token/claims.ts";
import { change, note, ok, type Finding } from "./finding.ts";
import type { HttpResponse } from "./request.ts";

/** A smaller difference is not worth a line. Seconds. */
const NOTEWORTHY_S = 30;

/** Compares the clock of the server with the clock of this machine. */
export function clockFinding({ headers, receivedAt }: HttpResponse): Finding {
  // A cache between the server and this machine keeps `Date`, and adds `Age`.
  const ageMs = Number(headers.get("age") ?? 0) * 1_000;
  const at = Date.parse(headers.get("date") ?? "") + ageMs;
  if (Number.isNaN(at)) return note("clock", "the response has no Date header");
  const seconds = Math.round((at - receivedAt) / 1_000);
  const seen = `the server's clock is ${Math.abs(seconds)} s ${seconds < 0 ? "behind" : "ahead of"} the clock of this machine`;
  if (Math.abs(seconds) > TOLERANCE_S)
    return change(
      "clock",
      seen,
      `Set the clock of the server, or of this machine. Latchkey refuses ID tokens when the clocks differ by more than ${TOLERANCE_S / 60} minutes.`,
    );
  return Math.abs(seconds) > NOTEWORTHY_S ? note("clock", seen) : ok("clock", "right");
}
