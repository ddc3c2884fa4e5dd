import { spawn } from "node:child_process";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { startProvider, type RunningProvider } from "../../../demo/server/provider.ts";
import {
  createClient,
  DeviceCodeGrant,
  type CreateClientConfig,
  type DeviceCode,
} from "../../../src/confidential.ts";
import { errorFrom } from "../../oidc/support.ts";
import { decide } from "../../support/device-person.ts";
import { until } from "../../support/until.ts";

/** The example for a terminal runs as its own process, and the user approves the login with a browser of their own. */

let provider: RunningProvider;
beforeAll(async () => {
  provider = await startProvider({
    port: 0,
    origins: ["http://localhost:5173"],
    deviceIntervalSeconds: 1,
  });
});
afterAll(() => provider.close());
beforeEach(() => provider.setDeviceCodeTtl(600));

/** Starts the example, and waits until it shows the code or ends. */
async function start(clientId = provider.clientId) {
  const script = "test/examples/terminal/login.ts";
  const child = spawn(process.execPath, ["--import", "tsx", script, provider.issuer, clientId]);
  let out = "";
  let err = "";
  child.stdout.on("data", (data: Buffer) => (out += data.toString()));
  child.stderr.on("data", (data: Buffer) => (err += data.toString()));
  let isClosed = false;
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.on("close", (code) => {
      isClosed = true;
      resolve({ code, out, err });
    });
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await until("the code is shown, or the process has ended", () => isClosed || out.includes("\n"));
  const [, uri = "", code = ""] =
    /Open (\S+) on any device and enter the code (\S+)/.exec(out) ?? [];
  return { child, uri, code, ended };
}

describe("the example for a terminal", { timeout: 60_000 }, () => {
  test("prints the code and the URL, waits, and prints the user's name", async () => {
    const { uri, code, ended } = await start();
    expect(uri).toBe(`${provider.issuer}/device`);
    expect(await decide(uri, code, { approveAs: "ada" })).toBe("Your device is connected");
    const { out, err, code: exitCode } = await ended;
    expect(out.trim().split("\n")).toEqual([
      `Open ${uri} on any device and enter the code ${code}`,
      "Hello, Ada Lovelace",
    ]);
    expect(err).toBe("");
    expect(exitCode).toBe(0);
  });

  test("says that the user denied the login", async () => {
    const { uri, code, ended } = await start();
    await decide(uri, code, "deny");
    const { out, err, code: exitCode } = await ended;
    expect(err).toContain("the user denied the login");
    expect(out).not.toContain("Hello");
    expect(exitCode).toBe(2);
  });

  test("says that the code expired", async () => {
    provider.setDeviceCodeTtl(1);
    const { ended } = await start();
    const { err, code: exitCode } = await ended;
    expect(err).toContain("the device code expired before the user approved the login");
    expect(exitCode).toBe(2);
  });

  test("ends at once on Ctrl+C, and polls no longer", async () => {
    const { child, ended } = await start();
    child.kill("SIGINT");
    const { err, code: exitCode } = await ended;
    expect(err).toBe("The login was cancelled.\n");
    expect(exitCode).toBe(130);
  });

  test("says what to change when the server does not know the client", async () => {
    const { ended } = await start("nobody");
    const { err, code: exitCode } = await ended;
    expect(err).toContain("invalid_client");
    expect(err).toContain("clientId");
    expect(err).not.toContain("    at ");
    expect(exitCode).not.toBe(0);
  });
});

describe("a device login of a client", () => {
  /** A public client. `shown`: the codes that it shows. */
  function setUp(changes: Partial<CreateClientConfig> = {}) {
    const shown: DeviceCode[] = [];
    const client = createClient({
      issuer: provider.issuer,
      clientId: provider.clientId,
      authentication: { method: "none" },
      scope: ["openid", "profile", "offline_access"],
      grant: (server, parts) =>
        new DeviceCodeGrant(server, {
          ...parts,
          prompt: { showCode: (code) => void shown.push(code) },
        }),
      ...changes,
    });
    return { client, shown };
  }

  test("asks the user once; later tokens come from the refresh token", async () => {
    const { client, shown } = setUp();
    const token = client.getToken();
    await until("a code is shown", () => shown.length === 1);
    await decide(shown[0]!.verificationUri, shown[0]!.userCode, { approveAs: "grace" });
    const first = await token;
    const tokens = await client.getTokenSet();
    expect(tokens).toMatchObject({ accessToken: first, user: { sub: "grace" } });
    expect(await client.forceRefresh({ prompt: "none" })).not.toBe(first);
    expect((await client.getTokenSet()).user).toMatchObject({ sub: "grace" });
    expect(shown).toHaveLength(1);
  });

  test("with prompt none shows nothing, and the error is a NoTokenError", async () => {
    const { client, shown } = setUp();
    const error = await errorFrom(client.getToken({ prompt: "none" }));
    expect(error).toMatchObject({ code: "no_token" });
    expect(shown).toEqual([]);
  });

  test("without a device authorization endpoint is a DeviceCodeError that says so", async () => {
    const { client } = setUp({
      endpoints: { tokenEndpoint: `${provider.issuer}/token` },
    });
    expect(await errorFrom(client.getToken())).toMatchObject({
      code: "device_code",
      message: expect.stringContaining("device authorization endpoint"),
    });
  });

  test("a public client without a grant is a ConfigurationError", () => {
    const { grant: _, ...config } = {
      issuer: provider.issuer,
      clientId: "terminal",
      authentication: { method: "none" } as const,
      grant: undefined,
    };
    expect(() => createClient(config)).toThrow(
      expect.objectContaining({ code: "configuration", input: "authentication" }),
    );
  });
});
