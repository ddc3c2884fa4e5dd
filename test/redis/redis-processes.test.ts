import { afterEach, describe, expect, test } from "vitest";
import { startProcesses, startTokenEndpoint } from "./processes.ts";
import { contentOf, IS_MISSING, useRedis } from "./redis.ts";

describe.skipIf(IS_MISSING)("with a Redis server", () => {
  const server = useRedis();
  let stop: (() => void)[] = [];
  afterEach(() => {
    for (const end of stop.splice(0)) end();
    stop = [];
  });

  test("two processes with 1,000 concurrent calls each make one token request", async () => {
    const endpoint = await startTokenEndpoint();
    stop.push(endpoint.stop);
    const service = await startProcesses(2, {
      redis: server().url,
      issuer: endpoint.issuer,
      lockMs: 60_000,
    });
    stop.push(service.stop);
    for (const process of service.processes) process.call(1_000);
    for (const process of service.processes)
      expect(await process.result()).toEqual({ tokens: ["at1"], calls: 1_000 });
    expect(endpoint.requests).toHaveLength(1);
    expect(Object.keys(await contentOf(server()))).toEqual([
      expect.stringMatching(/^latchkey\/storage\/p\/auth_token:/),
    ]);
  });
});
