import { expect, test, vi } from "vitest";
import { HandoverTokens } from "../../src/browser/handover-tokens.ts";
import { sessionsWith } from "../../src/browser/sessions-with.ts";
import { systemClock, systemRandom } from "../../src/browser/system-clock.ts";
import type { TokenRecord } from "../../src/core/session.ts";

const RECORD: TokenRecord = {
  refreshToken: "rt1",
  idTokenVerified: true,
  user: { sub: "ada", claims: {} },
  access: {},
};

const tab = (client: string) =>
  new HandoverTokens({ client, clock: systemClock, random: systemRandom, answerMs: 300 });

test("what is stored names tokens and has none; a tab that has them gives them to one that asks", async () => {
  const [a, b] = [tab("hand,a"), tab("hand,a")];
  const sealed = await a.seal(RECORD);
  expect(JSON.stringify(sealed)).not.toContain("rt1");
  expect(await a.open(sealed)).toEqual(RECORD);
  expect(await b.open(sealed)).toEqual(RECORD);
});

test("newer ones reach the other tabs without a question, and the oldest are let go", async () => {
  const [a, b] = [tab("hand,b"), tab("hand,b")];
  const first = await a.seal(RECORD);
  await b.open(first);
  const asked: unknown[] = [];
  const ear = new BroadcastChannel("latchkey/1/hand,b/handover");
  ear.onmessage = ({ data }) => asked.push(data.t);
  let last: unknown;
  for (let more = 0; more < 8; more++)
    last = await a.seal({ ...RECORD, refreshToken: `rt${more}` });
  await vi.waitFor(() => expect(asked).toHaveLength(8));
  expect(await b.open(last)).toMatchObject({ refreshToken: "rt7" });
  expect(asked).not.toContain("ask");
  await expect(b.open(first)).rejects.toMatchObject({ code: "no_token" });
  ear.close();
});

test("when no tab has them there is no token, after two questions; another client's tab answers none", async () => {
  const stranger = tab("hand,d");
  const sealed = await stranger.seal(RECORD);
  const begun = performance.now();
  await expect(tab("hand,c").open(sealed)).rejects.toMatchObject({ code: "no_token" });
  expect(performance.now() - begun).toBeGreaterThan(550);
});

test("a store is what its rows and its tokens are, and loads what keeps them once", async () => {
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

test("of a person who signed out no tab has any, and of the others all do", async () => {
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

test("what was signed out goes with all that is older, and a newer login's tokens stay", async () => {
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
