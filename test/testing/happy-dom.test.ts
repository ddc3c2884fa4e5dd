// @vitest-environment happy-dom
import { test } from "vitest";
import { expectFakesWork } from "./expect-fakes-work.ts";

test("fakeAuth(), fakeProvider() and the clock work in happy-dom", () => expectFakesWork());
