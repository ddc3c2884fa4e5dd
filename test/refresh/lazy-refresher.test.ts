import { afterEach, expect, test, vi } from "vitest";
import { createRefresher } from "../../src/compose/lazy-refresher.ts";
import { testClock } from "./tabs.ts";

// The code of a refresh, on a network that never delivers it.
vi.mock("../../src/compose/protocol.chunk.ts", () => new Promise(() => {}));

afterEach(() => void vi.useRealTimers());

test("a token whose signature is pending waits two seconds for code that does not come, and not longer", async () => {
  vi.useFakeTimers();
  const refresher = createRefresher({
    client: "issuer,client",
    tab: "a",
    ports: {
      clock: testClock,
      send: { prepare: async () => {} },
    } as unknown as Parameters<typeof createRefresher>[0]["ports"],
  });
  const validated = vi.fn();
  void refresher.validate("ada").then(validated);
  await vi.advanceTimersByTimeAsync(1_999);
  expect(validated).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(validated).toHaveBeenCalledOnce();
});
