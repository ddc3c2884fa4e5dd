import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  isTemporary,
  isUnknownClient,
  isUnprocessed,
  meaningOf,
  SERVER_RESPONSES,
  type ResponseRule,
} from "../../src/core/server-responses.ts";

/** Matches a comparison of a member or variable `error` with a string. */
const COMPARISON = /\berror\s*[=!]==? *"/;

const statusOf = ({ status }: ResponseRule) => Number((status ?? "400").replace("xx", "02"));
const errorOf = ({ error }: ResponseRule) => (error === "*" ? undefined : error);

describe("each line of the table of server responses", () => {
  const lines = SERVER_RESPONSES.flatMap((rule) =>
    rule.requests.map((request) => ({
      rule,
      request,
      status: statusOf(rule),
      error: errorOf(rule),
    })),
  );

  test.for(lines)("$request: $status $error", ({ rule, request, status, error }) => {
    expect(meaningOf(request, { status, error })).toBe(rule.meaning);
  });

  test("has its line in the guide, and the guide has no others", () => {
    const rules = SERVER_RESPONSES.map(({ requests, status = "any", error, meaning }) => [
      requests.join(", "),
      status,
      error === "*" ? "any" : `\`${error}\``,
      meaning,
    ]);
    const lines = readFileSync("demo/guides/server-responses.md", "utf8").trimEnd().split("\n");
    const begin = lines.findIndex((line) => line.startsWith("| request "));
    const cells = (line: string) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim());
    expect(lines.slice(begin + 2).map(cells)).toEqual(rules);
  });
});

test.for([
  ["refresh", { status: 400, error: "brand_new_error" }, "unexplained"],
  ["refresh", { status: 401 }, "unexplained"],
  ["refresh", { status: 200, error: "brand_new_error" }, "unexplained"],
  ["refresh", { error: "brand_new_error" }, "temporary"],
  ["refresh", { status: 304 }, "temporary"],
  ["refresh", { status: 429, error: "invalid_grant" }, "temporary"],
  ["refresh", { status: 500, error: "invalid_grant" }, "temporary"],
  ["device", { status: 503, error: "authorization_pending" }, "pending"],
  ["authorization", { error: "brand_new_error" }, "unexplained"],
] as const)("%s: %o is %s", ([request, facts, meaning]) => {
  expect(meaningOf(request, facts)).toBe(meaning);
  expect(isTemporary(request, facts)).toBe(meaning === "temporary");
});

test("429, 503 and temporarily_unavailable leave a refresh token unused, other failures may not", () => {
  expect(isUnprocessed({ status: 429 })).toBe(true);
  expect(isUnprocessed({ status: 503 })).toBe(true);
  expect(isUnprocessed({ status: 400, error: "temporarily_unavailable" })).toBe(true);
  expect(isUnprocessed({ status: 500 })).toBe(false);
  expect(isUnprocessed({ status: 400, error: "server_error" })).toBe(false);
});

test("invalid_client is the only error for a client that the server does not know", () => {
  expect(isUnknownClient({ error: "invalid_client" })).toBe(true);
  expect(isUnknownClient({ error: "unauthorized_client" })).toBe(false);
});

test("no other file of the source compares the `error` of a response", () => {
  const comparisons = readdirSync("src", { recursive: true, encoding: "utf8" })
    // `check/` explains what a server returns to requests that are wrong on purpose.
    .filter((file) => /\.tsx?$/.test(file) && !/^check\W|server-responses\.ts$/.test(file))
    .flatMap((file) => {
      const lines = readFileSync(`src/${file}`, "utf8").split("\n");
      return lines.filter((line) => COMPARISON.test(line)).map((line) => [file, line]);
    });
  expect(comparisons).toEqual([]);
  expect('if (error.error === "invalid_grant")').toMatch(COMPARISON);
});
