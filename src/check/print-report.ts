import type { Finding, Mark } from "./finding.ts";
import type { Report } from "./check-server.ts";

const MARKS: Readonly<Record<Mark, string>> = { ok: "✓", note: "·", change: "✗" };
/** The longest line of the table. Characters. */
const WIDTH = 100;

/** Returns the report as a table, with the lines of `createAuth()` for this server. */
export function printReport({ issuer, findings, config }: Report): string {
  const width = Math.max(...findings.map(({ topic }) => topic.length));
  const changes = findings.filter(({ mark }) => mark === "change").length;
  const summary =
    changes === 0
      ? "Latchkey works with this server."
      : `${changes} thing${changes === 1 ? "" : "s"} must change (✗) before Latchkey works with this server.`;
  return [
    issuer,
    "",
    ...findings.flatMap((finding) => linesOf(finding, width)),
    "",
    summary,
    "",
    "createAuth({",
    ...Object.entries(config).map(([name, value]) => `  ${name}: ${literal(value)},`),
    "});",
  ].join("\n");
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
