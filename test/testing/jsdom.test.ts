// @vitest-environment jsdom
import { test } from "vitest";
import { expectFakesWork } from "./expect-fakes-work.ts";

test("fakeAuth(), fakeProvider() and the clock work in jsdom", () => expectFakesWork());
