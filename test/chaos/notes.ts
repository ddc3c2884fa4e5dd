import { appendFileSync } from "node:fs";

const file = process.env["CHAOS_NOTES"];

/** What was measured, one line of JSON each, to the file that `CHAOS_NOTES` names. */
export function note(measured: Readonly<Record<string, string | number>>): void {
  if (file) appendFileSync(file, `${JSON.stringify(measured)}\n`);
}
