import { appendFileSync } from "node:fs";

const file = process.env["CHAOS_NOTES"];

/** Appends a measurement as one line of JSON to the file that `CHAOS_NOTES` names. */
export function note(measured: Readonly<Record<string, string | number>>): void {
  if (file) appendFileSync(file, `${JSON.stringify(measured)}\n`);
}
