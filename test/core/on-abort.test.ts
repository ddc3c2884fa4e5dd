import { afterEach, expect, test, vi } from "vitest";
import { onAbort } from "../../src/core/on-abort.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("the calls after a call that throws still run, and the error is reported as uncaught", () => {
  const report = vi.fn<(task: () => void) => void>();
  vi.stubGlobal("queueMicrotask", report);
  const controller = new AbortController();
  const calls: string[] = [];
  onAbort(controller.signal, () => calls.push("first"));
  onAbort(controller.signal, () => {
    throw new Error("mine");
  });
  onAbort(controller.signal, () => calls.push("third"));
  onAbort(controller.signal, () => calls.push("stopped"))();
  controller.abort();
  expect(calls).toEqual(["first", "third"]);
  expect(report).toHaveBeenCalledTimes(1);
  expect(report.mock.calls[0]![0]).toThrow("mine");
});
