import { execFile } from "node:child_process";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  redirectTo,
  startHostileProvider,
  type HostileProvider,
} from "../support/hostile-provider.ts";
import { selfSigned } from "../support/self-signed.ts";

/** `latchkey check` as a command: what it prints, and how it ends. */

// Each test starts a process.
vi.setConfig({ testTimeout: 60_000 });

const METADATA = "/.well-known/openid-configuration";
let provider: HostileProvider;
beforeEach(async () => {
  provider = await startHostileProvider();
  provider.behaviours.set("/authorize", ({ query }) =>
    redirectTo(query, { error: "login_required", state: query.get("state")! }),
  );
});
afterEach(() => provider.close());

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const run = (...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const command = ["--import", "tsx", "src/check/main.ts", ...args];
    execFile(process.execPath, command, { timeout: 50_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

/** Expects one sentence on stderr, nothing on stdout, and the exit code 2. */
function expectSentence({ code, stdout, stderr }: Ended, sentence: RegExp): void {
  expect(stderr).toMatch(sentence);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr.trim().split("\n")).toHaveLength(1);
}

test("prints a table and the lines of createAuth(), and ends with 0", async () => {
  const redirect = "https://app.example.com/";
  const { code, stdout } = await run(
    "check",
    provider.issuer,
    "--client-id=web",
    `--redirect-uri=${redirect}`,
  );
  expect(stdout).toContain("✓ issuer");
  expect(stdout).toContain("createAuth({");
  expect(code).toBe(0);
});

test("--json prints the report, and the exit code is 1 when something must change", async () => {
  provider.metadata = (document) => ({ ...document, code_challenge_methods_supported: ["plain"] });
  const { code, stdout } = await run("check", provider.issuer, "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    issuer: provider.issuer,
    findings: expect.arrayContaining([expect.objectContaining({ topic: "PKCE", mark: "change" })]),
  });
  expect(code).toBe(1);
});

test("an unknown option or no issuer prints how to use the command", async () => {
  const outcomes = await Promise.all([
    run("check"),
    run(),
    run("check", "https://a.example", "--secret=x"),
  ]);
  for (const { code, stderr } of outcomes) {
    expect(stderr).toContain("latchkey check <issuer>");
    expect(code).toBe(2);
  }
  expect((await run("--help")).stdout).toContain("latchkey check <issuer>");
});

test("an issuer that is no URL ends with 2 and one sentence", async () => {
  expectSentence(await run("check", "id.example"), /"id\.example" is not an https URL/);
});

test("an issuer with http, away from this machine, ends with 2 and one sentence", async () => {
  expectSentence(await run("check", "http://id.example"), /uses http/);
});

test("a server that does not run ends with 2 and one sentence", async () => {
  const { issuer } = provider;
  await provider.close();
  expectSentence(await run("check", issuer), /nothing listens at this address/);
});

test("a server that never responds ends with 2 and one sentence", async () => {
  provider.behaviours.set(METADATA, () => "hang");
  expectSentence(await run("check", provider.issuer), /no complete response within 4 s/);
});

test("a page instead of metadata ends with 2 and one sentence", async () => {
  provider.behaviours.set(METADATA, () => ({ body: "<!doctype html><title>Shop</title>" }));
  expectSentence(await run("check", provider.issuer), /is an HTML page/);
});

test("a path that does not exist ends with 2 and one sentence", async () => {
  expectSentence(await run("check", `${provider.issuer}/realms/none`), /status 404/);
});

test("metadata that redirects ends with 2 and one sentence", async () => {
  const Location = "https://login.example.com/.well-known/openid-configuration";
  provider.behaviours.set(METADATA, () => ({ status: 301, headers: { Location } }));
  expectSentence(await run("check", provider.issuer), /redirects to https:\/\/login\.example\.com/);
});

test("ten megabytes of JSON end with 2 and one sentence", async () => {
  const body = JSON.stringify({ issuer: provider.issuer, filler: "x".repeat(10_000_000) });
  provider.behaviours.set(METADATA, () => ({ body }));
  expectSentence(await run("check", provider.issuer), /larger than a megabyte/);
});

test("a self-signed certificate ends with 2 and one sentence", async () => {
  const server = createServer(selfSigned(), (_, response) => {
    response.end("{}");
  });
  try {
    await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
    const { port } = server.address() as AddressInfo;
    expectSentence(await run("check", `https://localhost:${port}`), /self-signed/);
  } finally {
    server.close();
  }
});
