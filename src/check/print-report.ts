import type { Finding, Mark } from "./finding.ts";
import type { Report } from "./check-server.ts";

const MARKS: Readonly<Record<Mark, string>> = { ok: "✓", note: "·", change: "✗" };
/** The longest line of the table. Characters. */
const WIDTH = 100;

/** Returns the report as a table, with the lines of `createAuth()` for this server. */
export function printReport(report: Report): string {
  const { issuer, findings, config, needsUserAgent } = report;
  const width = Math.max(...findings.map(({ topic }) => topic.length));
  return [
    issuer,
    "",
    ...findings.flatMap((finding) => linesOf(finding, width)),
    "",
    summaryOf(report),
    "",
    "createAuth({",
    ...Object.entries(config).map(([name, value]) => `  ${name}: ${literal(value)},`),
    ...(needsUserAgent ? ["  userAgent, // Your app's object that receives the response."] : []),
    "});",
  ].join("\n");
}

function summaryOf({ findings, isLoginTried }: Report): string {
  const changes = findings.filter(({ mark }) => mark === "change").length;
  if (changes > 0)
    return `${changes} ${changes === 1 ? "finding needs" : "findings need"} a change (✗).`;
  return isLoginTried
    ? "Latchkey works with this server."
    : "No problem found. The login was not tried: pass --client-id and --redirect-uri.";
}

function linesOf({ topic, mark, seen, change }: Finding, width: number): readonly string[] {
  const indent = " ".repeat(width + 4);
  const [first = "", ...rest] = [
    ...wrap(seen, WIDTH - indent.length),
    ...(change === undefined ? [] : wrap(`→ ${change}`, WIDTH - indent.length)),
  ];
  return [`${MARKS[mark]} ${topic.padEnd(width)}  ${first}`, ...rest.map((line) => indent + line)];
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line && `${line} ${word}`.length > width) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line];
}

const literal = (value: unknown): string => JSON.stringify(value).replaceAll('","', '", "');
