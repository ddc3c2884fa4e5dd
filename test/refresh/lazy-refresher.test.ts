import { afterEach, expect, test, vi } from "vitest";
import { createRefresher } from "../../src/compose/lazy-refresher.ts";
import { testClock } from "./tabs.ts";

// The refresh chunk never loads, as on a dead network.
vi.mock("../../src/compose/protocol.chunk.ts", () => new Promise(() => {}));

afterEach(() => void vi.useRealTimers());

const APP = { issuer: "issuer", clientId: "client" };

test("validate() waits at most two seconds for a chunk that does not load", async () => {
  vi.useFakeTimers();
  const refresher = createRefresher(APP, {
    client: "issuer,client",
    tab: "a",
    ports: {
      clock: testClock,
      send: { prepare: async () => {} },
    } as unknown as Parameters<typeof createRefresher>[1]["ports"],
  });
  const validated = vi.fn();
  void refresher.validate("ada").then(validated);
  await vi.advanceTimersByTimeAsync(1_999);
  expect(validated).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(validated).toHaveBeenCalledOnce();
});
