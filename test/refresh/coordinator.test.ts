import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  NoTokenError,
  RefreshTokenError,
  StorageError,
  TimeoutError,
} from "../../src/core/errors.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import { targetKey } from "../../src/core/token-target.ts";
import {
  ADA,
  responseOf,
  browser,
  CLIENT,
  expiredRow,
  KEY,
  settle,
  testClock,
  DEFAULT_KEY,
} from "./tabs.ts";
import { sessionKey } from "../../src/core/keys.ts";
import type { PageEvent } from "../../src/core/ports.ts";
import type { IdTokenValidation } from "../../src/core/refresher.ts";
import type { TokenRecord } from "../../src/core/session.ts";

const NEED = { user: ADA, target: DEFAULT_KEY, notGeneration: -1 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Lets more than `drainMs` pass: the time for which tabs wait for a closed owner's request in flight. */
const drained = () => vi.advanceTimersByTimeAsync(2_500);

describe("one refresh for all", () => {
  test("two tabs that resume at the same instant send one request, and both get its token", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const both = [tab("a").refresh(NEED), tab("b").refresh(NEED)];
    await settle();
    expect(sent).toHaveLength(1);
    sent[0]!.response(responseOf(2));
    const [a, b] = await Promise.all(both);
    expect([a!.accessToken, b!.accessToken]).toEqual(["at2", "at2"]);
    expect(new Set([a!.origin, b!.origin])).toEqual(new Set(["other-tab", "this-tab"]));
    expect(sent).toHaveLength(1);
  });

  test("when ten tabs resume at once, one writes and the others follow it", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const update = vi.spyOn(store, "update");
    const all = Array.from({ length: 10 }, (_, n) => tab(`tab-${n}`).refresh(NEED));
    await settle();
    sent[0]!.response(responseOf(2));
    expect(new Set((await Promise.all(all)).map((tokens) => tokens.accessToken))).toEqual(
      new Set(["at2"]),
    );
    // T1 and T2.
    expect(update).toHaveBeenCalledTimes(2);
    expect(sent).toHaveLength(1);
  });

  test("ten callers in one tab share one request", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const one = tab("a");
    const all = Array.from({ length: 10 }, () => one.refresh(NEED));
    await settle();
    sent[0]!.response(responseOf(2));
    expect(new Set((await Promise.all(all)).map((tokens) => tokens.accessToken))).toEqual(
      new Set(["at2"]),
    );
    expect(sent).toHaveLength(1);
  });

  test("tabs that lose every message send no second request, because they wait for the owner's lock", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const mute = { channel: { post: () => {}, listen: () => () => {} } };
    const all = ["a", "b", "c"].map((name) => tab(name, mute).refresh(NEED));
    await settle();
    // The other tabs first wait 250 ms for a message.
    await vi.advanceTimersByTimeAsync(250);
    sent[0]!.response(responseOf(2));
    await vi.advanceTimersByTimeAsync(50);
    expect((await Promise.all(all)).map(({ accessToken }) => accessToken)).toEqual([
      "at2",
      "at2",
      "at2",
    ]);
    expect(sent).toHaveLength(1);
  });

  test("a token that another tab has fetched meanwhile is taken without a request", async () => {
    const { store, sent, tab } = browser();
    const row = expiredRow();
    row.access[DEFAULT_KEY]!.expiresAt = Date.now() + 60_000;
    await store.update(KEY, () => row);
    expect((await tab("a").refresh(NEED)).accessToken).toBe("at1");
    expect(sent).toHaveLength(0);
  });

  test("a caller that needs a newer generation does not get the stored valid token", async () => {
    const { store, sent, tab } = browser();
    const row = expiredRow();
    row.access[DEFAULT_KEY]!.expiresAt = Date.now() + 60_000;
    await store.update(KEY, () => row);
    const newer = tab("a").refresh({ ...NEED, notGeneration: 1 });
    await settle();
    sent[0]!.response(responseOf(2));
    expect((await newer).generation).toBe(2);
  });

  test("two targets of one session send one after the other, each with the newest refresh token", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const api = targetKey({ resource: "https://api.example" });
    const a = tab("a").refresh(NEED);
    const b = tab("b").refresh({ ...NEED, target: api });
    await settle();
    expect(sent).toMatchObject([{ tab: "a", refreshToken: "rt1", target: DEFAULT_KEY }]);
    sent[0]!.response(responseOf(2));
    expect((await a).accessToken).toBe("at2");
    await settle();
    expect(sent.slice(1)).toMatchObject([{ tab: "b", refreshToken: "rt2", target: api }]);
    sent[1]!.response(responseOf(3));
    expect((await b).accessToken).toBe("at3");
  });

  test("a commit that moves only the generation fences a tab that had read the row before", async () => {
    const { store, sent, tab } = browser();
    const attempt = {
      id: "late-1",
      sequence: 2,
      tab: "late",
      target: DEFAULT_KEY,
      uncertainSends: 0,
      sends: 0,
    };
    await store.update(KEY, () => ({ ...expiredRow(), sequence: 2, attempt }));
    let prepared = () => {};
    const prepare = () => new Promise<void>((resolve) => (prepared = resolve));
    const tokens = tab("a", { prepare }).refresh({
      ...NEED,
      target: targetKey({ resource: "https://api.example" }),
    });
    await drained();
    const record = await store.open((await store.get(KEY))!.tokens);
    await store.update(KEY, (row) => ({
      ...row!,
      generation: 2,
      committedSequence: 2,
      attempt: null,
      tokens: { ...record, refreshToken: "rt2" },
    }));
    prepared();
    await settle();
    prepared();
    await settle();
    expect(sent).toMatchObject([{ refreshToken: "rt2" }]);
    sent[0]!.response(responseOf(3));
    expect((await tokens).accessToken).toBe("at3");
  });
});

describe("in one tab", () => {
  const api = targetKey({ resource: "https://api.example" });

  test("two targets are two attempts, each with its own response", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const one = tab("a");
    const both = [one.refresh(NEED), one.refresh({ ...NEED, target: api })];
    await settle();
    expect(sent.map(({ target }) => target)).toEqual([DEFAULT_KEY]);
    sent[0]!.response(responseOf(2));
    await settle();
    expect(sent.map(({ target }) => target)).toEqual([DEFAULT_KEY, api]);
    sent[1]!.response(responseOf(3));
    expect((await Promise.all(both)).map(({ accessToken }) => accessToken)).toEqual(["at2", "at3"]);
  });

  test.for([
    ["one", ["openid"]],
    ["some", ["profile", "openid"]],
  ])("B15: %s of the session's scopes means the default target", async ([, scope]) => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => {
      const row = expiredRow();
      const entry = { ...row.access[DEFAULT_KEY]!, scope: ["openid", "profile", "email"] };
      return { ...row, access: { [DEFAULT_KEY]: entry } };
    });
    const one = tab("a");
    const scoped = { ...NEED, target: targetKey({ scope: scope as string[] }) };
    const all = [one.refresh(scoped), one.refresh(NEED), tab("b").refresh(scoped)];
    await settle();
    sent[0]!.response(responseOf(2));
    expect((await Promise.all(all)).map(({ accessToken }) => accessToken)).toEqual(
      Array(3).fill("at2"),
    );
    expect(sent.map(({ target }) => target)).toEqual([DEFAULT_KEY]);
    expect(Object.keys((await store.get(KEY))!.access)).toEqual([DEFAULT_KEY]);
  });

  test.for([
    ["a scope that the session lacks", { scope: ["openid", "admin"] }],
    ["a scope for a resource", { scope: ["openid"], resource: "https://api.example" }],
    ["a scope for an audience", { scope: ["openid"], audience: "api" }],
  ])("B15: a request for %s is for another target", async ([, target]) => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    void tab("a").refresh({ ...NEED, target: targetKey(target as { scope: string[] }) });
    await settle();
    expect(sent.map((send) => send.target)).toEqual([targetKey(target as { scope: string[] })]);
  });

  test("two users have two sessions, and each gets its own response", async () => {
    const { store, sent, tab } = browser();
    const graces = sessionKey(CLIENT, "grace");
    await store.update(KEY, () => expiredRow());
    await store.update(graces, () => {
      const row = expiredRow();
      return { ...row, tokens: { ...(row.tokens as TokenRecord), refreshToken: "grace-rt1" } };
    });
    const one = tab("a");
    const both = [one.refresh(NEED), one.refresh({ ...NEED, user: "grace" })];
    await settle();
    expect(sent.map(({ refreshToken }) => refreshToken)).toEqual(["rt1", "grace-rt1"]);
    sent[1]!.response(responseOf(7, { refreshToken: "grace-rt7" }));
    sent[0]!.response(responseOf(2));
    expect((await Promise.all(both)).map(({ accessToken }) => accessToken)).toEqual(["at2", "at7"]);
    expect((await store.get(graces))!.tokens).toMatchObject({ refreshToken: "grace-rt7" });
    expect((await store.get(KEY))!.tokens).toMatchObject({ refreshToken: "rt2" });
  });

  test("a caller that joins an attempt but needs a newer token causes another request", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const one = tab("a");
    const first = one.refresh(NEED);
    await settle();
    const newer = one.refresh({ ...NEED, notGeneration: 2 });
    sent[0]!.response(responseOf(2));
    expect((await first).accessToken).toBe("at2");
    await settle();
    sent[1]!.response(responseOf(3));
    expect((await newer).accessToken).toBe("at3");
  });

  test("a call with an aborted signal sends nothing", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const reason = new Error("enough");
    await expect(tab("a").refresh(NEED, AbortSignal.abort(reason))).rejects.toBe(reason);
    await settle();
    expect(sent).toHaveLength(0);
  });
});

describe("the row", () => {
  test("keeps the granted scope, or stores the requested or the login's one, when the response has none", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const one = tab("a");
    const resource = "https://api.example";
    const targets = [
      DEFAULT_KEY,
      targetKey({ resource }),
      targetKey({ resource, scope: ["read"] }),
    ];
    const granted: (readonly string[])[] = [];
    for (const [i, target] of targets.entries()) {
      const tokens = one.refresh({ ...NEED, target });
      await settle();
      sent[i]!.response(responseOf(i + 2));
      granted.push((await tokens).scope);
    }
    expect(granted).toEqual([["openid"], ["openid"], ["read"]]);
  });

  test.for([
    ["a token response", responseOf(2)],
    ["invalid_grant", { type: "invalid_grant" }],
    ["a refusal", { type: "refused", meaning: "wrong request", facts: { error: "invalid_scope" } }],
  ] as const)("that a newer Latchkey has written is not changed by %s", async ([, response]) => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const tokens = tab("a").refresh(NEED);
    tokens.catch(() => {});
    await settle();
    const newer = await store.update(KEY, (row) => ({
      ...row!,
      version: 3 as 2,
      tokens: { new: "shape" },
    }));
    sent[0]!.response(response);
    await expect(tokens).rejects.toMatchObject({ retryable: false });
    expect(await store.get(KEY)).toEqual(newer);
  });
  test("is written before a request is sent, and holds the new refresh token after the response", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const tokens = tab("a").refresh(NEED);
    await settle();
    expect(await store.get(KEY)).toMatchObject({
      sequence: 2,
      attempt: {
        id: "a-1",
        sequence: 2,
        tab: "a",
        target: DEFAULT_KEY,
        uncertainSends: 0,
        sends: 0,
      },
    });
    sent[0]!.response(responseOf(2));
    await tokens;
    expect(await store.get(KEY)).toMatchObject({
      generation: 2,
      sequence: 2,
      committedSequence: 2,
      attempt: null,
      end: null,
      renewable: true,
    });
    expect((await store.open((await store.get(KEY))!.tokens)).refreshToken).toBe("rt2");
  });

  test("keeps the old refresh token when the server does not rotate", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const tokens = tab("a").refresh(NEED);
    await settle();
    sent[0]!.response(responseOf(2, { refreshToken: undefined }));
    await tokens;
    expect((await store.open((await store.get(KEY))!.tokens)).refreshToken).toBe("rt1");
  });

  test("that ended while a send was prepared is not claimed", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    let prepared = () => {};
    const prepare = () => new Promise<void>((resolve) => (prepared = resolve));
    const tokens = tab("a", { prepare }).refresh(NEED);
    tokens.catch(() => {});
    await settle();
    const end = { reason: "id_token", sequence: 1 } as const;
    await store.update(KEY, (row) => ({
      ...row!,
      end,
      tokens: null,
      access: {},
      renewable: false,
    }));
    // The row has no tokens: an attempt of the ended session would fail when it opens them.
    prepared();
    await expect(tokens).rejects.toMatchObject({ code: "refresh_token", reason: "id_token" });
    expect(sent).toHaveLength(0);
  });

  test("keeps unknown fields", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => ({ ...expiredRow(), later: "x" }));
    const tokens = tab("a").refresh(NEED);
    await settle();
    sent[0]!.response(responseOf(2));
    await tokens;
    expect(await store.get(KEY)).toMatchObject({ later: "x", generation: 2 });
  });

  test("of a newer Latchkey is not written", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => ({ ...expiredRow(), version: 3 as 2 }));
    await expect(tab("a").refresh(NEED)).rejects.toMatchObject({
      code: "configuration",
      input: "session",
    });
    expect(sent).toHaveLength(0);
  });
});

describe("an owner that ended", () => {
  test("is followed after a drain, and its request counts as one that may have been processed", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => ({
      ...expiredRow(),
      sequence: 2,
      attempt: {
        id: "dead-1",
        sequence: 2,
        tab: "dead",
        target: DEFAULT_KEY,
        uncertainSends: 0,
        sends: 0,
      },
    }));
    const tokens = tab("a").refresh(NEED);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(sent).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(501);
    expect(sent).toHaveLength(1);
    expect((await store.get(KEY))!.attempt).toMatchObject({
      id: "a-1",
      sequence: 3,
      uncertainSends: 1,
      sends: 1,
    });
    sent[0]!.response(responseOf(2));
    await tokens;
  });

  test("with another target is repeated first, and then the caller's target is requested", async () => {
    const { store, sent, tab } = browser();
    const api = targetKey({ resource: "https://api.example" });
    const attempt = {
      id: "dead-1",
      sequence: 2,
      tab: "dead",
      target: api,
      uncertainSends: 0,
      sends: 0,
    };
    await store.update(KEY, () => ({ ...expiredRow(), sequence: 2, attempt }));
    const tokens = tab("a").refresh(NEED);
    await drained();
    expect(sent.map(({ target }) => target)).toEqual([api]);
    sent[0]!.response({
      type: "refused",
      meaning: "wrong request",
      facts: { error: "invalid_target" },
    });
    await settle();
    expect(sent.map(({ target }) => target)).toEqual([api, DEFAULT_KEY]);
    sent[1]!.response(responseOf(2));
    expect((await tokens).accessToken).toBe("at2");
  });

  test("and was followed by another open tab is not followed again", async () => {
    const { store, locks, sent, tab } = browser();
    const attempt = {
      id: "dead-1",
      sequence: 2,
      tab: "dead",
      target: DEFAULT_KEY,
      uncertainSends: 0,
      sends: 0,
    };
    await store.update(KEY, () => ({ ...expiredRow(), sequence: 2, attempt }));
    // Another tab claims between the grant of the closed owner's lock and the second read of the row.
    const get = store.get.bind(store);
    const living = { ...attempt, id: "living-1", sequence: 3, tab: "living" };
    vi.spyOn(store, "get")
      .mockImplementationOnce((key) => get(key))
      .mockImplementationOnce(async (key) => {
        await store.update(key, (row) => ({ ...row!, sequence: 3, attempt: living }));
        return get(key);
      });
    let finish = () => {};
    const owner = locks.request(
      "own/living-1",
      { mode: "exclusive" },
      () => new Promise<void>((resolve) => (finish = resolve)),
    );
    const tokens = tab("a").refresh(NEED);
    await settle();
    expect(sent).toHaveLength(0);
    finish();
    await owner;
    await drained();
    sent[0]!.response(responseOf(2));
    expect((await tokens).accessToken).toBe("at2");
  });

  test("is followed by only one of the tabs that watched it", async () => {
    const { store, locks, sent, tab } = browser();
    await store.update(KEY, () => ({
      ...expiredRow(),
      sequence: 2,
      attempt: {
        id: "dying-1",
        sequence: 2,
        tab: "dying",
        target: DEFAULT_KEY,
        uncertainSends: 0,
        sends: 0,
      },
    }));
    let die = () => {};
    const alive = locks.request(
      "own/dying-1",
      { mode: "exclusive" },
      () => new Promise<void>((resolve) => (die = resolve)),
    );
    const waiting = ["a", "b", "c", "d"].map((name) => tab(name).refresh(NEED));
    await settle();
    expect(sent).toHaveLength(0);
    die();
    await alive;
    await drained();
    expect(sent).toHaveLength(1);
    sent[0]!.response(responseOf(2));
    await Promise.all(waiting);
    expect(sent).toHaveLength(1);
  });

  test("just after its commit is not followed, and its token is returned", async () => {
    const { store, locks, sent, tab } = browser();
    await store.update(KEY, () => ({
      ...expiredRow(),
      sequence: 2,
      attempt: {
        id: "owner-1",
        sequence: 2,
        tab: "owner",
        target: DEFAULT_KEY,
        uncertainSends: 0,
        sends: 0,
      },
    }));
    let finish = () => {};
    const owner = locks.request(
      "own/owner-1",
      { mode: "exclusive" },
      () => new Promise<void>((resolve) => (finish = resolve)),
    );
    const tokens = tab("a").refresh(NEED);
    await settle();
    await store.update(KEY, (row) => ({
      ...row!,
      generation: 2,
      committedSequence: 2,
      attempt: null,
      access: { [DEFAULT_KEY]: { generation: 2, expiresAt: Date.now() + 60_000, scope: [] } },
    }));
    finish();
    await owner;
    await vi.advanceTimersByTimeAsync(50);
    expect((await tokens).generation).toBe(2);
    expect(sent).toHaveLength(0);
  });
});

describe("the server's response", () => {
  test("invalid_grant ends the session once, for every tab, and removes the tokens", async () => {
    const { store, sent, messages, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const both = [tab("a").refresh(NEED), tab("b").refresh(NEED)].map((tokens) =>
      tokens.catch((error: unknown) => error),
    );
    await settle();
    sent[0]!.response({ type: "invalid_grant" });
    for (const error of await Promise.all(both)) {
      expect(error).toBeInstanceOf(RefreshTokenError);
      expect(error).toMatchObject({ reason: "session_ended", retryable: false });
    }
    expect(await store.get(KEY)).toMatchObject({
      end: { reason: "session_ended", sequence: 2 },
      attempt: null,
      tokens: null,
      access: {},
      renewable: false,
    });
    expect(messages.at(-1)).toMatchObject({ type: "ended", reason: "session_ended" });
    await expect(tab("c").refresh(NEED)).rejects.toBeInstanceOf(RefreshTokenError);
    expect(sent).toHaveLength(1);
  });

  test("invalid_grant after a send that may have been processed is a lost response", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const tokens = tab("a").refresh(NEED);
    tokens.catch(() => {});
    await settle();
    sent[0]!.response({ type: "unknown", byServer: true, cause: undefined });
    await vi.advanceTimersByTimeAsync(2_000);
    sent[1]!.response({ type: "invalid_grant" });
    await expect(tokens).rejects.toMatchObject({ reason: "lost_response" });
  });

  test("invalid_grant is a lost response, also if another refusal has removed the attempt from the row", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const first = tab("a").refresh(NEED);
    first.catch(() => {});
    await settle();
    sent[0]!.response({ type: "unknown", byServer: true, cause: undefined });
    await vi.advanceTimersByTimeAsync(2_000);
    const facts = { error: "invalid_scope" };
    sent[1]!.response({ type: "refused", meaning: "wrong request", facts });
    await expect(first).rejects.toMatchObject({ error: "invalid_scope" });
    await vi.advanceTimersByTimeAsync(61_000);
    const second = tab("a").refresh(NEED);
    second.catch(() => {});
    await settle();
    sent[2]!.response({ type: "invalid_grant" });
    await expect(second).rejects.toMatchObject({ reason: "lost_response" });
  });

  test("a stored response ends the doubt about the refresh token", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => ({ ...expiredRow(), uncertain: true }) as const);
    const tokens = tab("a").refresh(NEED);
    await settle();
    sent[0]!.response(responseOf(2));
    await tokens;
    expect(await store.get(KEY)).not.toHaveProperty("uncertain");
  });

  test("invalid_grant for a token that a login has replaced ends no session", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const tokens = tab("a").refresh(NEED);
    await settle();
    await store.update(KEY, (row) => ({
      ...row!,
      sessionId: "s2",
      generation: 2,
      sequence: 3,
      committedSequence: 3,
      attempt: null,
      access: { [DEFAULT_KEY]: { generation: 2, expiresAt: Date.now() + 60_000, scope: [] } },
    }));
    sent[0]!.response({ type: "invalid_grant" });
    expect((await tokens).generation).toBe(2);
    expect((await store.get(KEY))!.end).toBeNull();
  });

  test("a response that arrives after a logout does not restore the session", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const tokens = tab("a").refresh(NEED);
    await settle();
    const loggedOut = { reason: "logged_out", sequence: 3 } as const;
    await store.update(KEY, (row) => ({
      ...row!,
      sessionId: "s2",
      sequence: 3,
      attempt: null,
      end: loggedOut,
      tokens: null,
      access: {},
      renewable: false,
    }));
    sent[0]!.response(responseOf(2));
    await expect(tokens).rejects.toBeInstanceOf(NoTokenError);
    expect(await store.get(KEY)).toMatchObject({ end: loggedOut, tokens: null, access: {} });
  });

  test.for([
    ["a token response", responseOf(2)],
    ["invalid_grant", { type: "invalid_grant" }],
  ] as const)("%s to an attempt that was overtaken is dropped", async ([, response]) => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const hung = tab("hung").refresh(NEED);
    await settle();
    const overtaking = {
      id: "taker-1",
      sequence: 3,
      tab: "taker",
      target: DEFAULT_KEY,
      uncertainSends: 1,
      sends: 1,
    };
    const row = await store.update(KEY, (row) => ({ ...row!, sequence: 3, attempt: overtaking }));
    sent[0]!.response(response);
    await drained();
    expect(await store.get(KEY)).toMatchObject({
      generation: row!.generation,
      committedSequence: row!.committedSequence,
      end: null,
      tokens: { refreshToken: "rt1" },
    });
    sent[1]!.response(responseOf(3));
    expect((await hung).accessToken).toBe("at3");
  });

  test("a refusal of one target keeps the session, and no tab sends again for a minute", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const one = tab("a");
    const admin = { ...NEED, target: targetKey({ scope: ["admin"] }) };
    const refused = one.refresh(admin);
    await settle();
    const facts = { error: "invalid_scope", status: 400 };
    sent[0]!.response({ type: "refused", meaning: "wrong request", facts });
    await expect(refused).rejects.toMatchObject({
      code: "request_token",
      error: "invalid_scope",
      status: 400,
      retryable: false,
    });
    expect(await store.get(KEY)).toMatchObject({ attempt: null, end: null, renewable: true });
    await expect(one.refresh(admin)).rejects.toBeInstanceOf(RequestTokenError);
    await expect(tab("b").refresh(admin)).rejects.toBeInstanceOf(RequestTokenError);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(60_000);
    const again = one.refresh(admin);
    await settle();
    sent[1]!.response(responseOf(2));
    expect((await again).accessToken).toBe("at2");
  });
});

describe("a temporary failure ends no session", () => {
  test.for([
    ["unknown", { type: "unknown", byServer: true, cause: new Error("reset") }],
    ["not_rotated", { type: "not_rotated", retryAfterMs: undefined, cause: undefined }],
  ] as const)("%s: the same token is sent again until it works", async ([type, response]) => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const tokens = tab("a", { timing: { patienceMs: 60_000 } }).refresh(NEED);
    for (let send = 0; send < 5; send++) {
      await settle();
      sent[send]!.response(response);
      while (sent.length === send + 1) await vi.advanceTimersToNextTimerAsync();
    }
    await settle();
    expect((await store.get(KEY))!.attempt).toMatchObject({
      sends: 5,
      uncertainSends: type === "unknown" ? 5 : 0,
    });
    sent[5]!.response(responseOf(2));
    expect((await tokens).accessToken).toBe("at2");
    expect(new Set(sent.map(({ refreshToken }) => refreshToken))).toEqual(new Set(["rt1"]));
  });

  test.for([
    ["unknown", { type: "unknown", byServer: true, cause: undefined }],
    ["not_rotated", { type: "not_rotated", retryAfterMs: undefined, cause: undefined }],
    ["not_rotated with Retry-After: 0", { type: "not_rotated", retryAfterMs: 0, cause: undefined }],
  ] as const)("A10: %s: the pauses triple, up to half a minute", async ([, response]) => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    tab("a", { timing: { patienceMs: 3_600_000, releaseMs: 3_600_000 } })
      .refresh(NEED)
      .catch(() => {});
    const pauses: number[] = [];
    for (let send = 0; send < 10; send++) {
      await settle();
      const before = Date.now();
      sent[send]!.response(response);
      while (sent.length === send + 1) {
        await vi.advanceTimersToNextTimerAsync();
        await settle();
      }
      pauses.push(Date.now() - before);
    }
    // The jitter is in the middle: five sixths of 300 ms, tripled each time.
    // A request that may be in flight is waited for.
    const first = response.type === "unknown" ? [2_000, 2_000] : [250, 750];
    expect(pauses).toEqual([...first, 2_250, 6_750, 20_250, ...Array(5).fill(25_000)]);
  });

  test("a browser that is wrong about being offline sends after 30 s", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const tokens = tab("a", { page: { online: () => false } }).refresh(NEED);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(sent).toHaveLength(0);
    tokens.catch(() => {});
    await vi.advanceTimersByTimeAsync(1);
    expect(sent).toHaveLength(1);
  });

  test("an invalid_grant that could not be stored at once is not taken for a lost response", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const tokens = tab("a").refresh(NEED);
    tokens.catch(() => {});
    await settle();
    vi.spyOn(store, "update").mockRejectedValueOnce(new StorageError("gone"));
    sent[0]!.response({ type: "invalid_grant" });
    await vi.advanceTimersByTimeAsync(1_000);
    await expect(tokens).rejects.toMatchObject({ reason: "session_ended" });
    expect(sent).toHaveLength(1);
  });

  test.for(["unknown", "not_rotated"] as const)(
    "the error of a timeout has the failure of the last send as its cause: %s",
    async (type) => {
      const { store, sent, tab } = browser();
      await store.update(KEY, () => expiredRow());
      const tokens = tab("a")
        .refresh(NEED)
        .catch((error: unknown) => error);
      await settle();
      const cause = new Error("reset");
      sent[0]!.response({ type, byServer: true, retryAfterMs: undefined, cause });
      await vi.advanceTimersByTimeAsync(30_000);
      expect(await tokens).toMatchObject({ code: "timeout", cause });
    },
  );

  test("Retry-After wins over the back-off, and clients with the same Retry-After are spread", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const tokens = tab("a").refresh(NEED);
    await settle();
    sent[0]!.response({ type: "not_rotated", retryAfterMs: 7_000, cause: undefined });
    // The random value is 0.5, so half of the spread. In a visible page the spread is as long as Retry-After.
    await vi.advanceTimersByTimeAsync(7_000 + 3_499);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    sent[1]!.response(responseOf(2));
    await tokens;
  });

  test("a tab sends nothing while offline, and sends once it is online", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    let online = false;
    let goOnline = () => {};
    const page = {
      online: () => online,
      onEvent: (listener: (event: PageEvent) => void) => {
        goOnline = () => listener("online");
        return () => {};
      },
    };
    const tokens = tab("a", { page }).refresh(NEED);
    await settle();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent).toHaveLength(0);
    online = true;
    goOnline();
    await settle();
    expect((await store.get(KEY))!.attempt).toMatchObject({ uncertainSends: 0 });
    sent[0]!.response(responseOf(2));
    expect((await tokens).accessToken).toBe("at2");
  });

  test("the attempt goes on after a caller's timeout, and a later caller joins it", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const one = tab("a", { timing: { patienceMs: 1_000 } });
    const first = one.refresh(NEED).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await first).toBeInstanceOf(TimeoutError);
    expect(await first).toMatchObject({ pending: true, retryable: true });
    const second = one.refresh(NEED);
    await settle();
    expect(sent).toHaveLength(1);
    sent[0]!.response(responseOf(2));
    expect((await second).accessToken).toBe("at2");
  });

  test("E6: the timeout of a call names the last failure", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const one = tab("a", { timing: { patienceMs: 1_000 } });
    const late = one.refresh(NEED).catch((error: unknown) => error);
    await settle();
    sent[0]!.response({ type: "refused", meaning: "unexplained", facts: { status: 401 } });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(String(await late)).toMatch(/within 1000 ms; the last failure: .*401/);
  });

  test("an aborted call rejects with its reason, and the other callers get the token", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const one = tab("a");
    const leave = new AbortController();
    const leaving = one.refresh(NEED, leave.signal).catch((error: unknown) => error);
    const staying = one.refresh(NEED);
    await settle();
    leave.abort(new Error("went away"));
    expect(await leaving).toMatchObject({ message: "went away" });
    sent[0]!.response(responseOf(2));
    expect((await staying).accessToken).toBe("at2");
  });

  test("a store that fails at the commit does not lose the rotated token", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const tokens = tab("a").refresh(NEED);
    await settle();
    const update = vi
      .spyOn(store, "update")
      .mockRejectedValueOnce(new StorageError("gone"))
      .mockRejectedValueOnce(new StorageError("gone"));
    sent[0]!.response(responseOf(2));
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await tokens).accessToken).toBe("at2");
    expect(update).toHaveBeenCalledTimes(3);
    expect((await store.open((await store.get(KEY))!.tokens)).refreshToken).toBe("rt2");
  });

  test("a token that expired on arrival serves the waiting callers and is not replaced for ten seconds", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const [a, b] = [tab("a"), tab("b")];
    const both = [a.refresh(NEED), b.refresh(NEED)];
    await settle();
    sent[0]!.response(responseOf(2, { expiresAt: Date.now() }));
    expect((await Promise.all(both)).map(({ accessToken }) => accessToken)).toEqual(["at2", "at2"]);
    expect((await a.refresh(NEED)).accessToken).toBe("at2");
    expect((await b.refresh(NEED)).accessToken).toBe("at2");
    expect(sent).toHaveLength(1);
  });
});

describe("a store that fails during a commit", () => {
  test("but has stored the response prevents neither the broadcast nor the validation", async () => {
    const { store, sent, messages, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const tokens = tab("a", {
      validation: () => Promise.resolve({ type: "invalid", claim: "signature" }),
    }).refresh(NEED);
    await settle();
    const update = store.update.bind(store);
    vi.spyOn(store, "update").mockImplementationOnce(async (key, change) => {
      await update(key, change);
      throw new StorageError("too late");
    });
    sent[0]!.response(responseOf(2, { idToken: "bad" }));
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await tokens).accessToken).toBe("at2");
    expect(messages.map(({ type }) => type)).toEqual(["claim", "done", "ended"]);
    expect(await store.get(KEY)).toMatchObject({ generation: 2, end: { reason: "id_token" } });
  });

  test("does not keep a session whose ID token is invalid", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    let validate = () => {};
    const validation = () =>
      new Promise<IdTokenValidation>(
        (resolve) => (validate = () => resolve({ type: "invalid", claim: "signature" })),
      );
    const tokens = tab("a", { validation }).refresh(NEED);
    await settle();
    sent[0]!.response(responseOf(2, { idToken: "bad" }));
    await tokens;
    await vi.advanceTimersByTimeAsync(100);
    vi.spyOn(store, "update").mockRejectedValueOnce(new StorageError("busy"));
    validate();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await store.get(KEY)).toMatchObject({ end: { reason: "id_token" } });
  });

  test("does not leave a refused attempt in the row", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const refused = tab("a")
      .refresh({ ...NEED, target: targetKey({ scope: ["admin"] }) })
      .catch((error: unknown) => error);
    await settle();
    vi.spyOn(store, "update").mockRejectedValueOnce(new StorageError("busy"));
    sent[0]!.response({
      type: "refused",
      meaning: "wrong request",
      facts: { error: "invalid_scope" },
    });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await refused).toMatchObject({ code: "request_token" });
    expect((await store.get(KEY))!.attempt).toBeNull();
  });
});

test("a refusal of a token that a login has replaced fails no call", async () => {
  const { store, sent, tab } = browser();
  await store.update(KEY, () => expiredRow());
  const tokens = tab("a").refresh(NEED);
  await settle();
  const access = { [DEFAULT_KEY]: { generation: 2, expiresAt: Date.now() + 60_000, scope: [] } };
  await store.update(KEY, (row) => ({
    ...row!,
    sessionId: "s2",
    generation: 2,
    sequence: 9,
    committedSequence: 9,
    attempt: null,
    access,
  }));
  sent[0]!.response({
    type: "refused",
    meaning: "user needed",
    facts: { error: "unauthorized_client" },
  });
  expect((await tokens).generation).toBe(2);
});

test("a generation that the session never had causes only one request", async () => {
  const { store, sent, tab } = browser();
  await store.update(KEY, () => expiredRow());
  const tokens = tab("a").refresh({ ...NEED, notGeneration: 20 });
  await settle();
  sent[0]!.response(responseOf(2));
  expect((await tokens).accessToken).toBe("at2");
  await settle();
  expect(sent).toHaveLength(1);
});

describe("a result that is reused for a while", () => {
  test("is not reused when the session has ended", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const one = tab("a", {
      validation: () => Promise.resolve({ type: "invalid", claim: "signature" }),
    });
    const born = one.refresh(NEED);
    await settle();
    sent[0]!.response(responseOf(2, { expiresAt: Date.now(), idToken: "bad" }));
    await born;
    await vi.advanceTimersByTimeAsync(100);
    await expect(one.refresh(NEED)).rejects.toBeInstanceOf(RefreshTokenError);
  });

  test("is not reused after a logout", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const one = tab("a");
    const born = one.refresh(NEED);
    await settle();
    sent[0]!.response(responseOf(2, { expiresAt: Date.now() }));
    await born;
    const end = { reason: "logged_out", sequence: 9 } as const;
    await store.update(KEY, (row) => ({
      ...row!,
      sessionId: "s2",
      end,
      tokens: null,
      access: {},
      renewable: false,
    }));
    await expect(one.refresh(NEED)).rejects.toBeInstanceOf(NoTokenError);
  });

  test("is not reused after a later login", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const one = tab("a");
    const refused = one.refresh(NEED).catch((error: unknown) => error);
    await settle();
    sent[0]!.response({
      type: "refused",
      meaning: "user needed",
      facts: { error: "unauthorized_client" },
    });
    expect(await refused).toBeInstanceOf(RefreshTokenError);
    await store.update(KEY, (row) => ({
      ...expiredRow(),
      sessionId: "s2",
      generation: row!.generation + 1,
      sequence: row!.sequence + 1,
    }));
    const tokens = one.refresh(NEED);
    await settle();
    sent[1]!.response(responseOf(3));
    expect((await tokens).accessToken).toBe("at3");
  });

  test("is not reused for a caller that needs a newer token", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const one = tab("a");
    const born = one.refresh(NEED);
    await settle();
    sent[0]!.response(responseOf(2, { expiresAt: Date.now() }));
    const { generation } = await born;
    const newer = one.refresh({ ...NEED, notGeneration: generation! });
    await settle();
    sent[1]!.response(responseOf(3));
    expect((await newer).accessToken).toBe("at3");
  });
});

describe("the ID token of a refresh", () => {
  /** A tab whose validations the test settles. */
  function validated(world: ReturnType<typeof browser>) {
    const validations: ((validation: IdTokenValidation) => void)[] = [];
    const one = world.tab("a", {
      validation: () => new Promise((resolve) => validations.push(resolve)),
    });
    return { one, validations };
  }
  /** Waits until other tabs have read the row and the validation has started. */
  const asked = () => vi.advanceTimersByTimeAsync(100);
  const user = { sub: ADA, name: "Ada L.", claims: {} };
  const api = targetKey({ resource: "https://api.example" });

  test("that is validated while the next response is in flight stays validated", async () => {
    const world = browser();
    const { store, sent } = world;
    await store.update(KEY, () => expiredRow());
    const { one, validations } = validated(world);
    const first = one.refresh(NEED);
    await settle();
    sent[0]!.response(responseOf(2, { idToken: "id2" }));
    await first;
    await asked();
    const second = one.refresh({ ...NEED, target: api });
    await settle();
    validations[0]!({ type: "valid", user, authTime: 7 });
    await settle();
    sent[1]!.response(responseOf(3));
    await second;
    expect((await store.get(KEY))!.tokens).toMatchObject({
      refreshToken: "rt3",
      idTokenVerified: true,
      user,
      authTime: 7,
    });
  });

  test("that turns out to be invalid after the next response ends the session", async () => {
    const world = browser();
    const { store, sent } = world;
    await store.update(KEY, () => expiredRow());
    const { one, validations } = validated(world);
    const first = one.refresh(NEED);
    await settle();
    sent[0]!.response(responseOf(2, { idToken: "id2" }));
    await first;
    await asked();
    const second = one.refresh({ ...NEED, target: api });
    await settle();
    sent[1]!.response(responseOf(3));
    await second;
    validations[0]!({ type: "invalid", claim: "signature" });
    await settle();
    expect(await store.get(KEY)).toMatchObject({ end: { reason: "id_token" }, tokens: null });
  });

  test("that is validated together with the next response does not overwrite this response", async () => {
    const world = browser();
    const { store, sent } = world;
    await store.update(KEY, () => expiredRow());
    const { one, validations } = validated(world);
    const first = one.refresh(NEED);
    await settle();
    sent[0]!.response(responseOf(2, { idToken: "id2" }));
    await first;
    await asked();
    const seal = store.seal.bind(store);
    vi.spyOn(store, "seal").mockImplementationOnce(async (record) => {
      await store.update(KEY, (row) => ({
        ...row!,
        generation: row!.generation + 1,
        tokens: { ...(row!.tokens as TokenRecord), refreshToken: "rt3" },
      }));
      return seal(record);
    });
    validations[0]!({ type: "valid", user, authTime: 7 });
    await settle();
    validations[1]!({ type: "valid", user, authTime: 7 });
    await settle();
    expect(await store.get(KEY)).toMatchObject({
      generation: 3,
      tokens: { refreshToken: "rt3", idTokenVerified: true, user },
    });
  });

  test("that is validated while the next response is being stored stays validated", async () => {
    const world = browser();
    const { store, sent } = world;
    await store.update(KEY, () => expiredRow());
    const { one, validations } = validated(world);
    const first = one.refresh(NEED);
    await settle();
    sent[0]!.response(responseOf(2, { idToken: "id2" }));
    await first;
    await asked();
    const second = one.refresh({ ...NEED, target: api });
    await settle();
    const seal = store.seal.bind(store);
    vi.spyOn(store, "seal").mockImplementationOnce(async (record) => {
      validations[0]!({ type: "valid", user, authTime: 7 });
      await settle();
      return seal(record);
    });
    sent[1]!.response(responseOf(3));
    await second;
    expect(await store.get(KEY)).toMatchObject({
      generation: 3,
      tokens: { refreshToken: "rt3", idTokenVerified: true, user, authTime: 7 },
    });
  });

  test("of an older response affects neither a newer ID token nor another login", async () => {
    const world = browser();
    const { store, sent } = world;
    await store.update(KEY, () => expiredRow());
    const { one, validations } = validated(world);
    for (const n of [2, 3]) {
      const tokens = one.refresh({ ...NEED, notGeneration: n - 1 });
      await settle();
      sent[n - 2]!.response(responseOf(n, { idToken: `id${n}` }));
      await tokens;
      await asked();
    }
    validations[0]!({ type: "valid", user, authTime: 7 });
    await settle();
    expect((await store.get(KEY))!.tokens).toMatchObject({
      idToken: "id3",
      idTokenVerified: false,
      user: { sub: ADA },
    });
    await store.update(KEY, (row) => ({ ...row!, sessionId: "s2" }));
    validations[1]!({ type: "invalid", claim: "signature" });
    await settle();
    expect((await store.get(KEY))!.end).toBeNull();
  });

  test("is validated after the commit, and an invalid one ends the session in every tab", async () => {
    const { store, sent, messages, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const tokens = tab("a", {
      validation: () => Promise.resolve({ type: "invalid", claim: "signature" }),
    }).refresh(NEED);
    await settle();
    sent[0]!.response(responseOf(2, { idToken: "bad" }));
    await tokens;
    await asked();
    expect(await store.get(KEY)).toMatchObject({ end: { reason: "id_token" }, tokens: null });
    expect(messages.at(-1)).toMatchObject({ type: "ended", reason: "id_token" });
  });

  test("that a closed tab left unverified is validated after the next refresh", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const gone = { ...testClock, sleep: () => new Promise<void>(() => {}) };
    const first = tab("a", { clock: gone }).refresh(NEED);
    await settle();
    sent[0]!.response(responseOf(2, { idToken: "of another user" }));
    await first;
    const b = tab("b", {
      validation: () => Promise.resolve({ type: "invalid", claim: "signature" }),
    });
    const second = b.refresh({ ...NEED, notGeneration: 2 });
    await settle();
    sent[1]!.response(responseOf(3));
    await second;
    await asked();
    expect(await store.get(KEY)).toMatchObject({ end: { reason: "id_token" }, tokens: null });
  });

  test("is validated in the end although the store fails while keys are unavailable", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    let validation: IdTokenValidation = { type: "unknown" };
    const tokens = tab("a", { validation: () => Promise.resolve(validation) }).refresh(NEED);
    await settle();
    sent[0]!.response(responseOf(2, { idToken: "bad" }));
    await tokens;
    await asked();
    vi.spyOn(store, "get").mockRejectedValueOnce(new StorageError("busy"));
    await vi.advanceTimersByTimeAsync(20_000);
    validation = { type: "invalid", claim: "signature" };
    await vi.advanceTimersByTimeAsync(120_000);
    expect(await store.get(KEY)).toMatchObject({ end: { reason: "id_token" } });
  });

  test("updates the user when it is valid, and stays unverified while keys are unavailable", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const user = { sub: ADA, name: "Ada", claims: {} };
    const validations = [{ type: "unknown" }, { type: "valid", user, authTime: 7 }] as const;
    let n = 0;
    const one = tab("a", { validation: () => Promise.resolve(validations[n++]!) });
    const first = one.refresh(NEED);
    await settle();
    sent[0]!.response(responseOf(2, { idToken: "id2" }));
    await first;
    await asked();
    expect((await store.get(KEY))!.tokens).toMatchObject({
      idToken: "id2",
      idTokenVerified: false,
      user: { sub: ADA },
    });
    const second = one.refresh({ ...NEED, notGeneration: 2 });
    await settle();
    sent[1]!.response(responseOf(3, { idToken: "id3" }));
    await second;
    // The validation that waits for keys reads the row with the next response.
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await store.get(KEY))!.tokens).toMatchObject({
      idToken: "id3",
      idTokenVerified: true,
      user,
      authTime: 7,
    });
  });
});

test("no message carries a token", async () => {
  const { store, sent, messages, tab } = browser();
  await store.update(KEY, () => expiredRow());
  const tokens = tab("a").refresh(NEED);
  await settle();
  sent[0]!.response(responseOf(2));
  await tokens;
  expect(messages.map(({ type }) => type)).toEqual(["claim", "done"]);
  expect(JSON.stringify(messages)).not.toMatch(/at\d|rt\d/);
  for (const message of messages) {
    expect(Object.keys(message).sort()).toEqual(
      message.type === "claim"
        ? ["attemptId", "from", "key", "protocol", "sequence", "sessionId", "type"]
        : ["from", "generation", "key", "protocol", "sequence", "sessionId", "target", "type"],
    );
  }
});

test("a call without a session, or with one that cannot be renewed, rejects and sends nothing", async () => {
  const { store, sent, tab } = browser();
  await expect(tab("a").refresh(NEED)).rejects.toBeInstanceOf(NoTokenError);
  await store.update(KEY, () => ({ ...expiredRow(), renewable: false }));
  await expect(tab("a").refresh(NEED)).rejects.toMatchObject({ reason: "not_renewable" });
  const other = { ...NEED, target: targetKey({ resource: "https://api.example" }) };
  await expect(tab("a").refresh(other)).rejects.toBeInstanceOf(NoTokenError);
  expect(sent).toHaveLength(0);
});
