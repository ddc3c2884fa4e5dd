#!/usr/bin/env node
import { parseArgs } from "node:util";
import { checkServer } from "./check-server.ts";
import { printReport } from "./print-report.ts";
import { CannotCheck } from "./read-metadata.ts";

const USAGE = `latchkey check <issuer> [--client-id web] [--redirect-uri https://app.example.com/]
               [--origin capacitor://localhost] [--json]

Checks whether Latchkey works with an OpenID provider, and lists what to change.
--origin is the origin of the app's pages, if the redirect URI has another origin.
The command sends no secret, logs no user in and changes nothing at the server.

Exit code: 0 if nothing must change, 1 if something must change, 2 if the check could not run.`;

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const fail = (line: string): void => {
  process.stderr.write(`${line}\n`);
  process.exitCode = 2;
};

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      "client-id": { type: "string" },
      "redirect-uri": { type: "string" },
      origin: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  const [command, issuer, ...more] = positionals;
  if (values.help) return void say(USAGE);
  if (command !== "check" || issuer === undefined || more.length > 0) return fail(USAGE);
  const report = await checkServer({
    issuer,
    clientId: values["client-id"],
    redirectUri: values["redirect-uri"],
    origin: values.origin,
  });
  say(values.json ? JSON.stringify(report, undefined, 2) : printReport(report));
  process.exitCode = report.findings.some(({ mark }) => mark === "change") ? 1 : 0;
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof CannotCheck) return fail(error.message);
  // `parseArgs()` names a wrong option.
  const { code, message } = error as { code?: unknown; message: string };
  if (String(code).startsWith("ERR_PARSE_ARGS")) return fail(`${message}\n\n${USAGE}`);
  throw error;
});
