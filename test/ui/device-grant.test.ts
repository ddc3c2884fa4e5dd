import { expect, test } from "vitest";
import { userEvent } from "vitest/browser";
import { systemClock } from "../../src/browser/page/system-clock.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import { tokenSet } from "../../src/core/token-set.ts";
import { DeviceCodeGrant } from "../../src/grants/device/device-code-grant.ts";
import { MemoryRequestStore } from "../../src/memory/memory-request-store.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { add, all, texts, usePage } from "./support.ts";

/** The element as prompt of a real device grant. */

usePage();

function setUp() {
  const element = add("latchkey-device");
  let response: "authorization_pending" | "access_denied" | "token" = "authorization_pending";
  const grant = new DeviceCodeGrant(
    {
      authorizeDevice: async () => ({
        deviceCode: "secret",
        userCode: "WDJB-MJHT",
        verificationUri: "https://id.example/device",
        expiresAt: Date.now() + 60_000,
        intervalMs: 1_000,
      }),
      requestTokens: async () => {
        if (response !== "token") throw new RequestTokenError("x", { error: response, hint: "" });
        return tokenSet({
          accessToken: "at1",
          tokenType: "Bearer",
          expiresAt: Date.now() + 60_000,
          scope: [],
        });
      },
    },
    {
      client: "ui",
      clock: systemClock,
      locks: new MemoryTabLock(),
      requests: new MemoryRequestStore(),
      prompt: element,
    },
  );
  const outcome = grant.requestToken({}).catch((error: unknown) => error);
  const shows = (selector: string, words: string) =>
    expect.poll(() => texts(element, selector)).toEqual([words]);
  return { element, outcome, shows, reply: (next: typeof response) => (response = next) };
}

test("shows the code, and then the success, although the call has returned the token already", async () => {
  const { outcome, shows, reply } = setUp();
  await shows(".code", "WDJB-MJHT");
  reply("token");
  expect(await outcome).toMatchObject({ accessToken: "at1" });
  await shows(".words", "You are signed in");
});

test("keeps showing that the user declined the login on the phone", async () => {
  const { element, outcome, shows, reply } = setUp();
  reply("access_denied");
  expect(await outcome).toMatchObject({ error: "access_denied" });
  await shows(".words", "The sign-in was declined");
  expect(all(element, "dialog[open]")).toHaveLength(1);
});

test("Escape ends the grant's call with a CancelledError", async () => {
  const { element, outcome, shows } = setUp();
  await shows(".code", "WDJB-MJHT");
  await userEvent.keyboard("{Escape}");
  expect(await outcome).toMatchObject({ name: "CancelledError" });
  expect(all(element, "dialog")).toEqual([]);
});
