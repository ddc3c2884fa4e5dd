import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startProcesses, startTokenEndpoint } from "../processes.ts";
import { until } from "../../support/until.ts";
import { contentOf, IS_MISSING, useRedis } from "../redis.ts";

/** The time to live of the locks, in tests in which a process loses its lock. Milliseconds. */
const LOCK_MS = 10_000;
const PATIENCE_MS = 60_000;

describe.skipIf(IS_MISSING)("eight processes with 1,000 concurrent calls each", () => {
  const server = useRedis();
  let endpoint: Awaited<ReturnType<typeof startTokenEndpoint>>;
  let service: Awaited<ReturnType<typeof startProcesses>> | undefined;
  beforeEach(async () => {
    endpoint = await startTokenEndpoint();
  });
  afterEach(() => {
    endpoint.stop();
    service?.stop();
  });

  /** Starts the processes and their calls. */
  async function start(lockMs: number) {
    service = await startProcesses(8, { redis: server().url, issuer: endpoint.issuer, lockMs });
    for (const process of service.processes) process.call(1_000);
    return service.processes;
  }

  /** Waits until a process holds the lock and has sent its request. */
  async function owner(processes: Awaited<ReturnType<typeof start>>) {
    await until("a token request", () => endpoint.requests.length === 1, PATIENCE_MS);
    const { pid } = endpoint.requests[0]!;
    const others = processes.filter((process) => process.pid !== pid);
    return { owner: processes.find((process) => process.pid === pid)!, others };
  }

  const stored = async () =>
    Object.entries(await contentOf(server()))
      .filter(([key]) => key.startsWith("latchkey/storage/"))
      .map(([, text]) => /"accessToken":"(\w+)"/.exec(text ?? "")?.[1]);

  test("make one token request", async () => {
    const processes = await start(60_000);
    for (const process of processes)
      expect(await process.result()).toEqual({ tokens: ["at1"], calls: 1_000 });
    expect(endpoint.requests).toHaveLength(1);
  });

  test("make one additional request at most when the owner is killed during its request", async () => {
    endpoint.hold();
    const { owner: killed, others } = await owner(await start(LOCK_MS));
    endpoint.open();
    killed.signal("SIGKILL");
    for (const process of others)
      expect(await process.result()).toEqual({ tokens: ["at2"], calls: 1_000 });
    expect(endpoint.requests).toHaveLength(2);
    expect(await stored()).toEqual(["at2"]);
  });

  test("keep the newer token when the owner was stopped for longer than its lock and continues", async () => {
    endpoint.hold();
    const { owner: stopped, others } = await owner(await start(LOCK_MS));
    stopped.signal("SIGSTOP");
    endpoint.open();
    // The response with the older token waits for the stopped process.
    endpoint.requests[0]!.respond();
    for (const process of others)
      expect(await process.result()).toEqual({ tokens: ["at2"], calls: 1_000 });
    expect(await stored()).toEqual(["at2"]);
    stopped.signal("SIGCONT");
    expect(await stopped.result()).toEqual({ tokens: ["at2"], calls: 1_000 });
    await stopped.lost();
    expect(await stored()).toEqual(["at2"]);
    for (const process of [stopped, ...others]) {
      process.call(10);
      expect(await process.result()).toEqual({ tokens: ["at2"], calls: 10 });
    }
    expect(endpoint.requests).toHaveLength(2);
  });
});
