// @vitest-environment jsdom
import { test } from "vitest";
import { expectUnavailable } from "./expect-unavailable.ts";

test("a module that calls createAuth() can be imported in jsdom, and its state says what is missing", () =>
  expectUnavailable());
