#!/usr/bin/env node
import { parseArgs } from "node:util";
import { checkServer } from "./check-server.ts";
import { CannotCheck } from "./metadata.ts";
import { printReport } from "./print-report.ts";

const USAGE = `latchkey check <issuer> [--client-id web] [--redirect-uri https://app.example.com/] [--json]

Looks whether Latchkey works with an OpenID server, and says what to change. Sends no secret and changes nothing.
Exit code: 0 works, 1 something must change, 2 the server could not be checked.`;

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
  });
  say(values.json ? JSON.stringify(report, undefined, 2) : printReport(report));
  process.exitCode = report.findings.some(({ mark }) => mark === "change") ? 1 : 0;
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof CannotCheck) return fail(error.message);
  // A wrong option, which `parseArgs()` names.
  if (error instanceof TypeError && "code" in error) return fail(`${error.message}\n\n${USAGE}`);
  throw error;
});
