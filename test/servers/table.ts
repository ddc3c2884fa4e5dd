import type { KindResults, Result } from "./run-kind.ts";
import type { Row } from "./row.ts";

const MARKS = { yes: "✓", no: "–", fault: "✗" } as const;

/** The guide about servers that the run has driven. `skipped`: the servers that could not start, and why. */
export function guideOf(
  done: readonly KindResults[],
  rows: readonly Row[],
  skipped: readonly string[],
): string {
  return [
    "# Servers that were tried",
    "",
    "`npm run test:servers` installs these servers, runs the same list at each of them in Chromium, and writes this page.",
    "✓: it works. –: the server does not support it, and Latchkey behaves as documented. The notes below say why. The app has",
    "`issuer`, `clientId`, `redirectUri`, and what is shown here, nothing else.",
    "",
    "## The list",
    "",
    ...tableOf(done, rows),
    "",
    ...done.flatMap((results) => sectionOf(results, rows)),
    ...(skipped.length > 0
      ? ["## Not started", "", ...skipped.map((line) => `- ${line}`), ""]
      : []),
    "## Related",
    "",
    "- [Servers: what yours needs](servers.md)",
    "- [What a failed response of the server means](server-responses.md)",
    "",
  ].join("\n");
}

function tableOf(done: readonly KindResults[], rows: readonly Row[]): readonly string[] {
  const titles = done.map((_, index) => String(index + 1));
  return [
    ...done.map(
      ({ name, setup, server }, index) => `${index + 1}. ${name} ${server.version}, ${setup}`,
    ),
    "",
    `| | ${titles.join(" | ")} |`,
    `| --- | ${titles.map(() => ":-:").join(" | ")} |`,
    ...rows.map(
      ({ id, title }) =>
        `| ${title} | ${done.map(({ results }) => markOf(results[id])).join(" | ")} |`,
    ),
  ];
}

function markOf(result: Result | undefined): string {
  if (!result) return " ";
  if ("fault" in result) return MARKS.fault;
  return result.holds ? MARKS.yes : MARKS.no;
}

function sectionOf(
  { name, setup, date, server, results }: KindResults,
  rows: readonly Row[],
): readonly string[] {
  const notes = rows.flatMap(({ id, title }) => {
    const result = results[id];
    if (!result) return [];
    if ("fault" in result) return [`- ${title}: ✗ ${result.fault.split("\n")[0]}`];
    const text = result.holds ? result.note : result.why;
    return text ? [`- ${title}: ${result.holds ? "" : "– "}${text}`] : [];
  });
  return [
    `## ${name} ${server.version}, ${setup}`,
    "",
    `Tried on ${date}.`,
    "",
    ...(server.configured.length > 0
      ? ["An administrator sets:", "", ...server.configured.map((line) => `- ${line}`), ""]
      : []),
    "```ts",
    "createAuth({",
    ...Object.entries({ ...server.config, redirectUri: "/" }).map(
      ([name, value]) => `  ${name}: ${literal(value)},`,
    ),
    "});",
    "```",
    "",
    ...(notes.length > 0 ? ["The run saw:", "", ...notes, ""] : []),
  ];
}

/** Formats a value as TypeScript. Replaces the URL of this machine, because its port changes. */
function literal(value: unknown): string {
  return JSON.stringify(value, undefined, 1)
    .replaceAll(/http:\/\/localhost:\d+/g, "https://id.example.com")
    .replaceAll(/\n\s*/g, " ")
    .replaceAll(/"(\w+)":/g, "$1:");
}
