// @vitest-environment happy-dom
import { test } from "vitest";
import { expectUnavailable } from "./expect-unavailable.ts";

test("a module that calls createAuth() can be imported in happy-dom, and its state says what is missing", () =>
  expectUnavailable());
