import { expect, test } from "vitest";
import { ManualClock } from "../../src/testing.ts";

test("both clocks move by advance(), and only the wall clock by setWall()", () => {
  const clock = new ManualClock(1_000);
  clock.advance(500);
  expect([clock.now(), clock.monotonic()]).toEqual([1_500, 500]);
  clock.setWall(10);
  expect([clock.now(), clock.monotonic()]).toEqual([10, 500]);
});

test("sleepers wake when their time has come, the earliest first", async () => {
  const clock = new ManualClock();
  const woken: string[] = [];
  const late = clock.sleep(200).then(() => woken.push("late"));
  const early = clock.sleep(100).then(() => woken.push("early"));
  clock.advance(99);
  await Promise.resolve();
  expect(woken).toEqual([]);
  clock.advance(101);
  await Promise.all([late, early]);
  expect(woken).toEqual(["early", "late"]);
});

test("an aborted sleep rejects with the reason of the signal, and sleep(0) resolves at once", async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  const slept = clock.sleep(100, controller.signal);
  controller.abort(new Error("enough"));
  await expect(slept).rejects.toThrow("enough");
  await expect(clock.sleep(100, controller.signal)).rejects.toThrow("enough");
  await clock.sleep(0);
});

test.for([Number.NaN, Infinity])("%s is no time of the wall clock", (time) => {
  const refusal = (input: string) => expect.objectContaining({ code: "configuration", input });
  expect(() => new ManualClock(time)).toThrow(refusal("start"));
  expect(() => new ManualClock().setWall(time)).toThrow(refusal("now"));
});

test.for([-1, Number.NaN])("advance(%s) is refused", (ms) => {
  expect(() => new ManualClock().advance(ms)).toThrow(
    expect.objectContaining({ code: "configuration", input: "ms" }),
  );
});
