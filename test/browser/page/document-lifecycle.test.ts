import { afterEach, expect, test, vi } from "vitest";
import { createDatabase, updateEntry } from "../../../src/browser/storage/database.ts";
import { DocumentLifecycle } from "../../../src/browser/page/document-lifecycle.ts";
import type { PageEvent } from "../../../src/core/ports.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const dispatch = (target: EventTarget, event: Event) => target.dispatchEvent(event);

test("reports page events until unsubscribed, and whether the page is frozen", () => {
  const lifecycle = new DocumentLifecycle();
  const received: [PageEvent, boolean][] = [];
  const unsubscribe = lifecycle.onEvent((event) => received.push([event, lifecycle.frozen()]));
  dispatch(document, new Event("freeze"));
  dispatch(document, new Event("resume"));
  dispatch(window, new PageTransitionEvent("pagehide", { persisted: true }));
  dispatch(window, new PageTransitionEvent("pageshow", { persisted: true }));
  dispatch(window, new Event("online"));
  dispatch(document, new Event("visibilitychange"));
  const all: [PageEvent, boolean][] = [
    ["freeze", true],
    ["resume", false],
    ["pagehide", true],
    ["pageshow", false],
    ["online", false],
    ["visible", false],
  ];
  expect(received).toEqual(all);
  unsubscribe();
  dispatch(window, new Event("online"));
  expect(received).toEqual(all);
});

test("reports neither the first pageshow nor the visibilitychange of a hidden page", () => {
  const lifecycle = new DocumentLifecycle();
  const received: PageEvent[] = [];
  const unsubscribe = lifecycle.onEvent((event) => received.push(event));
  dispatch(window, new PageTransitionEvent("pageshow", { persisted: false }));
  vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
  dispatch(document, new Event("visibilitychange"));
  expect(received).toEqual([]);
  expect(lifecycle.visible()).toBe(false);
  unsubscribe();
});

test("knows that the page is frozen before the first listener, and while there is one", () => {
  const lifecycle = new DocumentLifecycle();
  lifecycle.frozen();
  dispatch(document, new Event("freeze"));
  expect(lifecycle.frozen()).toBe(true);
  dispatch(document, new Event("resume"));
  expect(lifecycle.frozen()).toBe(false);
});

test("aborts a running transaction when the page is frozen, and starts the next one after resume", async () => {
  const use = createDatabase();
  const key = `test/frozen-${Math.random()}`;
  const writing = updateEntry(use, key, String, () => {
    dispatch(document, new Event("freeze"));
    return "written";
  });
  await expect(writing).rejects.toMatchObject({ code: "storage" });
  const reading = vi.fn((value: unknown) => value as string);
  const next = updateEntry(use, key, reading, () => "next");
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(reading).not.toHaveBeenCalled();
  dispatch(document, new Event("resume"));
  expect(await next).toBe("next");
  expect(reading).toHaveBeenCalledWith(undefined);
});
