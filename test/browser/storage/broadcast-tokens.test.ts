import { describe, expect, test, vi } from "vitest";
import { BroadcastTokens } from "../../../src/browser/storage/broadcast-tokens.ts";
import { sessionsWith } from "../../../src/browser/storage/sessions-in-memory.ts";
import { systemClock, systemRandom } from "../../../src/browser/page/system-clock.ts";
import type { TokenRecord } from "../../../src/core/session.ts";

const RECORD: TokenRecord = {
  refreshToken: "rt1",
  idTokenVerified: true,
  user: { sub: "ada", claims: {} },
  access: {},
};

const tab = (client: string) =>
  new BroadcastTokens({ client, clock: systemClock, random: systemRandom, responseMs: 300 });

test("stores a name instead of the tokens, and sends the tokens to another tab on request", async () => {
  const [a, b] = [tab("hand,a"), tab("hand,a")];
  const sealed = await a.seal(RECORD);
  expect(JSON.stringify(sealed)).not.toContain("rt1");
  expect(await a.open(sealed)).toEqual(RECORD);
  expect(await b.open(sealed)).toEqual(RECORD);
});

test("broadcasts newer tokens without a request, and drops the oldest", async () => {
  const [a, b] = [tab("hand,b"), tab("hand,b")];
  const first = await a.seal(RECORD);
  await b.open(first);
  const asked: unknown[] = [];
  const observer = new BroadcastChannel("latchkey/2/hand,b/handover");
  observer.onmessage = ({ data }) => asked.push(data.type);
  let last: unknown;
  for (let more = 0; more < 8; more++)
    last = await a.seal({ ...RECORD, refreshToken: `rt${more}` });
  await vi.waitFor(() => expect(asked).toHaveLength(8));
  expect(await b.open(last)).toMatchObject({ refreshToken: "rt7" });
  expect(asked).not.toContain("ask");
  await expect(b.open(first)).rejects.toMatchObject({ code: "no_token" });
  observer.close();
});

test("requests tokens twice while a tab holds them, and another client's tab does not respond", async () => {
  const foreign = tab("hand,d");
  const sealed = await foreign.seal(RECORD);
  const begun = performance.now();
  await expect(tab("hand,c").open(sealed)).rejects.toMatchObject({ code: "no_token" });
  expect(performance.now() - begun).toBeGreaterThan(550);
});

/** How long `open()` takes to reject when no tab has the tokens. Milliseconds. */
async function timeToLose(client: string, sealed: unknown): Promise<number> {
  const patient = new BroadcastTokens({ client, clock: systemClock, random: systemRandom });
  const begun = performance.now();
  await expect(patient.open(sealed)).rejects.toMatchObject({ code: "no_token" });
  return performance.now() - begun;
}

test("B11: rejects without waiting when no tab has the tokens", async () => {
  expect(await timeToLose("hand,g", { memory: "lost" })).toBeLessThan(1_000);
});

test("B11: holds the lock before the row names the tokens, and while a tab has them", async () => {
  const [a, b] = [tab("hand,h"), tab("hand,h")];
  const sealed = (await a.seal(RECORD)) as { memory: string };
  const names = async () => (await navigator.locks.query()).held!.map(({ name }) => name);
  expect(await names()).toContain(`latchkey/tokens/${sealed.memory}`);
  await b.open(sealed);
  a.discard(sealed);
  await vi.waitFor(async () =>
    expect(await names()).not.toContain(`latchkey/tokens/${sealed.memory}`),
  );
});

test("B11: releases the locks of a page in the bfcache, and requests them again when the page is restored", async () => {
  const a = tab("hand,i");
  const sealed = await a.seal(RECORD);
  window.dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
  const name = `latchkey/tokens/${(sealed as { memory: string }).memory}`;
  const isHeld = async () =>
    (await navigator.locks.query()).held!.some((lock) => lock.name === name);
  await vi.waitFor(async () => expect(await isHeld()).toBe(false));
  window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
  await vi.waitFor(async () => expect(await isHeld()).toBe(true));
  expect(await tab("hand,i").open(sealed)).toEqual(RECORD);
});

test("B11: seals and requests tokens without locks where Web Locks are missing", async () => {
  vi.spyOn(navigator, "locks", "get").mockReturnValue(undefined as never);
  const [a, b] = [tab("hand,j"), tab("hand,j")];
  expect(await b.open(await a.seal(RECORD))).toEqual(RECORD);
  const begun = performance.now();
  await expect(b.open({ memory: "lost" })).rejects.toMatchObject({ code: "no_token" });
  expect(performance.now() - begun).toBeGreaterThan(550);
  vi.restoreAllMocks();
});

describe("B10: messages on the handover channel", () => {
  const uncaught: unknown[] = [];
  const note = ({ error }: ErrorEvent) => uncaught.push(error);

  test.for<[string, unknown]>([
    ["null", null],
    ["a string", "give"],
    [
      "tokens of a later version",
      { protocol: 3, type: "give", memory: "m1", record: { newer: true } },
    ],
    ["a message type of a later version", { protocol: 2, type: "lend", memory: "m1", until: 5 }],
    ["a record without a user", { protocol: 2, type: "give", memory: "m1", record: {} }],
    ["no record", { protocol: 2, type: "give", memory: "m1" }],
    ["an invalid name", { protocol: 2, type: "drop", memory: { toString: "x" } }],
  ])("B10: %s changes nothing, and the next tokens reach the other tab", async ([, message]) => {
    window.addEventListener("error", note);
    const client = `hand,${crypto.randomUUID()}`;
    const [a, b] = [tab(client), tab(client)];
    const before = await a.seal(RECORD);
    await b.open(before);
    const raw = new BroadcastChannel(`latchkey/2/${client}/handover`);
    for (let times = 0; times < 3; times++) raw.postMessage(message);
    const sealed = await a.seal({ ...RECORD, refreshToken: "rt-rotated" });
    expect(await b.open(sealed)).toMatchObject({ refreshToken: "rt-rotated" });
    expect(await b.open(before)).toEqual(RECORD);
    raw.close();
    window.removeEventListener("error", note);
    expect(uncaught.splice(0)).toEqual([]);
  });

  test("B10: a message of another script never replaces the tokens of a name", async () => {
    const [a, b] = [tab("hand,k"), tab("hand,k")];
    const sealed = (await a.seal(RECORD)) as { memory: string };
    const raw = new BroadcastChannel("latchkey/2/hand,k/handover");
    raw.postMessage({
      protocol: 2,
      type: "give",
      ...sealed,
      record: { ...RECORD, refreshToken: "other" },
    });
    await b.open(sealed);
    expect(await a.open(sealed)).toEqual(RECORD);
    raw.close();
  });
});

test("sessionsWith() combines rows and tokens, and loads the token store once", async () => {
  let loaded = 0;
  const rows = {
    get: async () => undefined,
    update: async () => undefined,
    seal: async () => "rows",
    open: () => Promise.reject(new Error("rows")),
  };
  const store = sessionsWith(rows, async () => {
    loaded++;
    return tab("hand,e");
  });
  expect(await store.open(await store.seal(RECORD))).toEqual(RECORD);
  expect(await store.get("x")).toBeUndefined();
  expect(await store.update("x", () => undefined)).toBeUndefined();
  expect(loaded).toBe(1);
});

test("after discard() no tab has the user's tokens, and all tabs have those of other users", async () => {
  const [a, b] = [tab("hand,c"), tab("hand,c")];
  const grace = { ...RECORD, user: { sub: "grace", claims: {} } };
  const [hers, theirs] = [await a.seal(RECORD), await a.seal(grace)];
  expect(await b.open(hers)).toEqual(RECORD);
  expect(await b.open(theirs)).toEqual(grace);
  a.discard(hers);
  await vi.waitFor(() => expect(b.open(hers)).rejects.toMatchObject({ code: "no_token" }), 3_000);
  await expect(a.open(hers)).rejects.toMatchObject({ code: "no_token" });
  expect(await b.open(theirs)).toEqual(grace);
});

test("discard() also deletes the user's older tokens, and keeps those of a newer login", async () => {
  const [a, b] = [tab("hand,f"), tab("hand,f")];
  const [first, second, newer] = [
    await a.seal(RECORD),
    await a.seal({ ...RECORD, refreshToken: "rt2" }),
    await b.seal({ ...RECORD, refreshToken: "rt3" }),
  ];
  for (const one of [a, b]) await one.open(newer);
  b.discard(second);
  await vi.waitFor(() => expect(a.open(second)).rejects.toMatchObject({ code: "no_token" }), 3_000);
  for (const one of [a, b]) {
    await expect(one.open(first)).rejects.toMatchObject({ code: "no_token" });
    expect(await one.open(newer)).toMatchObject({ refreshToken: "rt3" });
  }
});
