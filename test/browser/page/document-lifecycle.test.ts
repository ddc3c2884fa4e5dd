import { afterEach, expect, test, vi } from "vitest";
import { createDatabase, updateEntry } from "../../../src/browser/storage/database.ts";
import { DocumentLifecycle } from "../../../src/browser/page/document-lifecycle.ts";
import type { PageEvent } from "../../../src/core/ports.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const happen = (target: EventTarget, event: Event) => target.dispatchEvent(event);

test("says what happens to the page until nobody listens, and whether it sleeps", () => {
  const life = new DocumentLifecycle();
  const received: [PageEvent, boolean][] = [];
  const leave = life.onEvent((event) => received.push([event, life.frozen()]));
  happen(document, new Event("freeze"));
  happen(document, new Event("resume"));
  happen(window, new PageTransitionEvent("pagehide", { persisted: true }));
  happen(window, new PageTransitionEvent("pageshow", { persisted: true }));
  happen(window, new Event("online"));
  happen(document, new Event("visibilitychange"));
  const all: [PageEvent, boolean][] = [
    ["freeze", true],
    ["resume", false],
    ["pagehide", true],
    ["pageshow", false],
    ["online", false],
    ["visible", false],
  ];
  expect(received).toEqual(all);
  leave();
  happen(window, new Event("online"));
  expect(received).toEqual(all);
});

test("a page's first show wakes nobody, and a page that is hidden is not looked at", () => {
  const life = new DocumentLifecycle();
  const received: PageEvent[] = [];
  const leave = life.onEvent((event) => received.push(event));
  happen(window, new PageTransitionEvent("pageshow", { persisted: false }));
  vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
  happen(document, new Event("visibilitychange"));
  expect(received).toEqual([]);
  expect(life.visible()).toBe(false);
  leave();
});

test("a page that fell asleep while nobody listened any more is asleep", () => {
  const life = new DocumentLifecycle();
  life.onEvent(() => {})();
  happen(document, new Event("freeze"));
  expect(life.frozen()).toBe(true);
  happen(document, new Event("resume"));
  expect(life.frozen()).toBe(false);
});

test("a transaction that is under way when the page is frozen is aborted, and nothing of it is stored", async () => {
  const use = createDatabase();
  const key = `test/frozen-${Math.random()}`;
  const writing = updateEntry(use, key, String, () => {
    happen(document, new Event("freeze"));
    return "written";
  });
  await expect(writing).rejects.toMatchObject({ code: "storage" });
  const reading = vi.fn((value: unknown) => value as string);
  const next = updateEntry(use, key, reading, () => "next");
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(reading).not.toHaveBeenCalled();
  happen(document, new Event("resume"));
  expect(await next).toBe("next");
  expect(reading).toHaveBeenCalledWith(undefined);
});
