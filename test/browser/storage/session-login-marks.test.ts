import { afterEach, describe, expect, test, vi } from "vitest";
import { userEvent } from "vitest/browser";
import { DocumentPage } from "../../../src/browser/page/document-page.ts";
import { SessionLoginMarks } from "../../../src/browser/storage/session-login-marks.ts";
import { clientKey } from "../../../src/core/keys.ts";
import type { LoginMark } from "../../../src/core/login-marks.ts";

const CLIENT = clientKey("https://id.example.com", "web");
const KEY = `latchkey/logins/${CLIENT}`;
const MARK: LoginMark = { user: "ada", target: "[]", at: 1, outcome: "started" };

afterEach(() => {
  vi.restoreAllMocks();
  sessionStorage.clear();
});

describe("the marks of automatic logins", () => {
  test("A13: survive a reload and belong to one client", () => {
    expect(new SessionLoginMarks(CLIENT).write([MARK])).toBe(true);
    expect(new SessionLoginMarks(CLIENT).read()).toEqual([MARK]);
    expect(new SessionLoginMarks(clientKey("https://id.example.com", "other")).read()).toEqual([]);
  });

  test.each([undefined, "", "{", "null", "7", "[[["])(
    "A2: can be read and written when sessionStorage contains %j",
    (text) => {
      if (text !== undefined) sessionStorage.setItem(KEY, text);
      const marks = new SessionLoginMarks(CLIENT);
      expect(Array.isArray(marks.read())).toBe(true);
      expect(marks.write([MARK])).toBe(true);
      expect(marks.read()).toEqual([MARK]);
    },
  );

  test("A1: return false when they cannot be stored", () => {
    vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
      throw new DOMException("full", "QuotaExceededError");
    });
    expect(new SessionLoginMarks(CLIENT).write([MARK])).toBe(false);
    vi.spyOn(Storage.prototype, "getItem").mockImplementation(() => {
      throw new DOMException("blocked", "SecurityError");
    });
    expect(new SessionLoginMarks(CLIENT).read()).toEqual([]);
  });
});

test("A13: a key that a user presses is an activation; Escape and events of scripts are not", async () => {
  const listener = vi.fn();
  const unsubscribe = new DocumentPage().onActivation(listener);
  window.dispatchEvent(new PointerEvent("pointerdown"));
  window.dispatchEvent(new KeyboardEvent("keydown", { key: "a" }));
  await userEvent.keyboard("{Escape}");
  expect(listener).not.toHaveBeenCalled();
  await userEvent.keyboard("a");
  expect(listener).toHaveBeenCalledTimes(1);
  unsubscribe();
  await userEvent.keyboard("a");
  expect(listener).toHaveBeenCalledTimes(1);
});
