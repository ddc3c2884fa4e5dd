import type { FakeAuth } from "latchkey/testing";
import { expect, test, vi } from "vitest";
import { auth } from "./auth.ts";
import { greeting } from "./greeting.ts";

vi.mock("./auth.ts", async () => {
  const { fakeAuth } = await import("latchkey/testing");
  return { auth: fakeAuth({ user: { sub: "ada", name: "Ada" } }) };
});

test("greets the user, and after the logout a stranger", async () => {
  expect(await greeting()).toBe("Hello Ada");
  (auth as FakeAuth).setState("anonymous");
  expect(await greeting()).toBe("Hello stranger");
});
