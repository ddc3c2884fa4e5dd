import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NoTokenError, StorageError } from "../../src/core/errors.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import type { IdTokenValidation } from "../../src/core/refresher.ts";
import type { SessionRow, TokenRecord } from "../../src/core/session.ts";
import { targetKey } from "../../src/core/token-target.ts";
import { ADA, responseOf, browser, expiredRow, KEY, settle, DEFAULT_KEY } from "./tabs.ts";

const NEED = { user: ADA, target: DEFAULT_KEY, notGeneration: -1 };
const user = { sub: ADA, name: "Ada L.", claims: {} };
const VALID = async (): Promise<IdTokenValidation> => ({ type: "valid", user, authTime: 7 });
const INVALID = async (): Promise<IdTokenValidation> => ({ type: "invalid", claim: "signature" });
const ENDED = { code: "refresh_token", reason: "id_token" };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const caught = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

describe("an ID token with a wrong claim", () => {
  const wrong = { type: "invalid_id_token", claim: "sub", refreshToken: "rt2" } as const;

  test("B1: ends the session in every tab, and no token of its response is stored or returned", async () => {
    const { store, sent, messages, revoked, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const [a, b] = [tab("a"), tab("b")];
    const both = [caught(a.refresh(NEED)), caught(b.refresh(NEED))];
    await settle();
    sent[0]!.response(wrong);
    await vi.advanceTimersByTimeAsync(100);
    for (const error of await Promise.all(both)) {
      expect(error).toMatchObject({ ...ENDED, claim: "sub" });
    }
    expect(await store.get(KEY)).toMatchObject({
      generation: 1,
      end: { reason: "id_token", claim: "sub" },
      tokens: null,
      access: {},
    });
    expect(messages.map(({ type }) => type)).toEqual(["claim", "ended"]);
    expect(revoked).toEqual(["rt2"]);
    await expect(tab("c").refresh(NEED)).rejects.toMatchObject({ ...ENDED, claim: "sub" });
    expect(sent).toHaveLength(1);
  });

  test("B1: ends the session although the store fails at first", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const error = caught(tab("a").refresh(NEED));
    await settle();
    vi.spyOn(store, "update").mockRejectedValueOnce(new StorageError("busy"));
    sent[0]!.response({ ...wrong, refreshToken: undefined });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await error).toMatchObject({ ...ENDED, claim: "sub" });
  });

  test("B1: does not end the session of a later login", async () => {
    const { store, sent, revoked, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const tokens = tab("a").refresh(NEED);
    await settle();
    const entry = { generation: 2, expiresAt: Date.now() + 60_000, scope: [] };
    await store.update(KEY, (row) => ({
      ...row!,
      sessionId: "s2",
      generation: 2,
      sequence: 9,
      attempt: null,
      access: { [DEFAULT_KEY]: entry },
    }));
    sent[0]!.response(wrong);
    expect((await tokens).generation).toBe(2);
    expect((await store.get(KEY))!.end).toBeNull();
    // The login may share its grant with this refresh token.
    expect(revoked).toEqual([]);
  });

  test("B1: after a logout restores nothing, and its refresh token is revoked", async () => {
    const { store, sent, revoked, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const error = caught(tab("a").refresh(NEED));
    await settle();
    await store.update(KEY, (row) => ({
      ...row!,
      sessionId: "s2",
      attempt: null,
      end: { reason: "logged_out", sequence: 9 },
      tokens: null,
      access: {},
    }));
    sent[0]!.response(wrong);
    expect(await error).toBeInstanceOf(NoTokenError);
    await settle();
    expect(revoked).toEqual(["rt2"]);
  });
});

describe("a signature", () => {
  /** Stores a session with an ID token whose signature its tab could not validate. */
  async function pending(world: ReturnType<typeof browser>): Promise<void> {
    await world.store.update(KEY, () => expiredRow());
    const tokens = world.tab("gone").refresh(NEED);
    await settle();
    world.sent[0]!.response(responseOf(2, { idToken: "id2" }));
    await tokens;
    expect(await world.store.get(KEY)).toMatchObject({ signature: "pending" });
  }

  test("B1: that is invalid by cached keys ends the session before a caller gets the token", async () => {
    const { store, sent, messages, revoked, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const [a, b] = [tab("a", { atHand: INVALID }), tab("b")];
    const both = [caught(a.refresh(NEED)), caught(b.refresh(NEED))];
    await settle();
    sent[0]!.response(responseOf(2, { idToken: "bad" }));
    await vi.advanceTimersByTimeAsync(100);
    for (const error of await Promise.all(both)) {
      expect(error).toMatchObject({ ...ENDED, claim: "signature" });
    }
    expect(await store.get(KEY)).toMatchObject({ end: { claim: "signature" }, tokens: null });
    expect(messages.map(({ type }) => type)).toEqual(["claim", "ended"]);
    expect(revoked).toEqual(["rt2"]);
  });

  test("B1: that is invalid keeps the token from callers also while the store fails", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const error = caught(tab("a", { atHand: INVALID }).refresh(NEED));
    await settle();
    const update = vi.spyOn(store, "update").mockRejectedValue(new StorageError("full"));
    sent[0]!.response(responseOf(2, { idToken: "bad" }));
    await vi.advanceTimersByTimeAsync(5_000);
    update.mockRestore();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await error).toMatchObject({ ...ENDED, claim: "signature" });
  });

  test("is validated before the token is returned, and other tabs need not validate it", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const validation = vi.fn(VALID);
    const [a, b] = [tab("a", { atHand: VALID }), tab("b", { atHand: validation })];
    const both = [a.refresh(NEED), b.refresh(NEED)];
    await settle();
    sent[0]!.response(responseOf(2, { idToken: "id2" }));
    for (const tokens of await Promise.all(both)) {
      expect(tokens).toMatchObject({ accessToken: "at2", user });
    }
    const row = (await store.get(KEY))!;
    expect(row.signature).toBeUndefined();
    expect(row.tokens).toMatchObject({ idTokenVerified: true, user, authTime: 7 });
    expect(validation).not.toHaveBeenCalled();
  });

  test("whose validation could not be stored is validated by the next reader", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const tokens = tab("a", { atHand: VALID }).refresh(NEED);
    await settle();
    const seal = store.seal.bind(store);
    let seals = 0;
    vi.spyOn(store, "seal").mockImplementation(async (record) => {
      if (++seals === 2) throw new StorageError("busy");
      return seal(record);
    });
    sent[0]!.response(responseOf(2, { idToken: "id2" }));
    expect((await tokens).accessToken).toBe("at2");
    expect((await store.get(KEY))!.signature).toBe("pending");
    await tab("b", { atHand: VALID }).refresh(NEED);
    expect((await store.get(KEY))!.signature).toBeUndefined();
  });

  test("B1: that a tab left pending is validated by the next reader with keys, which returns no token", async () => {
    const world = browser();
    await pending(world);
    const error = caught(world.tab("b", { atHand: INVALID }).refresh(NEED));
    expect(await error).toMatchObject({ ...ENDED, claim: "signature" });
    expect(world.revoked).toEqual(["rt2"]);
  });

  test("B1: that is pending is validated in the background by a tab that only loads the session", async () => {
    const world = browser();
    await pending(world);
    await world.tab("b", { validation: INVALID }).validate(ADA);
    expect((await world.store.get(KEY))!.end).toBeNull();
    await vi.advanceTimersByTimeAsync(4_000);
    expect(await world.store.get(KEY)).toMatchObject({ end: { claim: "signature" } });
  });

  test("that is pending makes only one tab fetch keys when several load the session", async () => {
    const world = browser();
    await pending(world);
    const validation = vi.fn(VALID);
    const tabs = ["b", "c", "d"].map((name) => world.tab(name, { validation }));
    for (const tab of tabs) {
      await tab.validate(ADA);
      await tab.validate(ADA);
      await vi.advanceTimersByTimeAsync(10);
    }
    await vi.advanceTimersByTimeAsync(60_000);
    expect(validation).toHaveBeenCalledOnce();
    expect((await world.store.get(KEY))!.signature).toBeUndefined();
  });

  test("of a deleted session is not validated", async () => {
    const world = browser();
    await pending(world);
    const tab = world.tab("b", { validation: INVALID });
    await tab.validate(ADA);
    await world.store.update(KEY, () => undefined);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await world.store.get(KEY)).toBeUndefined();
    await tab.validate(ADA);
  });
});

describe("a response with a refresh token and no usable access token", () => {
  const api = targetKey({ resource: "https://api.example" });
  const cause = new RequestTokenError("the token endpoint's response has no token_type Bearer", {
    hint: "",
    status: 200,
  });
  const unusable = { type: "unusable", refreshToken: "rt2", cause } as const;
  const refreshTokenOf = (row: SessionRow | undefined) => (row!.tokens as TokenRecord).refreshToken;

  test("B13: is stored: the call fails, the session goes on, and the next call uses the new refresh token", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const a = tab("a");
    const failing = caught(a.refresh(NEED));
    await settle();
    sent[0]!.response(unusable);
    expect(await failing).toBe(cause);
    const row = await store.get(KEY);
    expect(row).toMatchObject({ generation: 2, attempt: null, end: null, renewable: true });
    expect(refreshTokenOf(row)).toBe("rt2");
    // The server may send the same response again, so the next request waits for two seconds.
    const tokens = a.refresh(NEED);
    await vi.advanceTimersByTimeAsync(1_900);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(sent[1]!.refreshToken).toBe("rt2");
    sent[1]!.response(responseOf(3));
    expect((await tokens).accessToken).toBe("at3");
  });

  test("B13: for one API does not change the other tokens", async () => {
    const { store, sent, tab } = browser();
    const expiresAt = Date.now() + 60_000;
    const entry = { generation: 1, expiresAt, scope: ["openid"], lifetimeMs: 60_000 };
    await store.update(KEY, () => ({ ...expiredRow(), access: { [DEFAULT_KEY]: entry } }));
    const a = tab("a");
    const failing = caught(a.refresh({ ...NEED, target: api }));
    await settle();
    sent[0]!.response(unusable);
    expect(await failing).toBe(cause);
    expect((await a.refresh(NEED)).accessToken).toBe("at1");
    expect(refreshTokenOf(await store.get(KEY))).toBe("rt2");
  });

  test("B13: without a new refresh token keeps the stored one", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const failing = caught(tab("a").refresh(NEED));
    await settle();
    sent[0]!.response({ ...unusable, refreshToken: undefined });
    expect(await failing).toBe(cause);
    expect(refreshTokenOf(await store.get(KEY))).toBe("rt1");
  });

  test("B13: to a repeated attempt of another tab does not fail the caller's own request", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => ({
      ...expiredRow(),
      sequence: 2,
      attempt: { id: "gone", sequence: 2, tab: "gone", target: api, uncertainSends: 0, sends: 0 },
    }));
    const tokens = tab("a").refresh(NEED);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(sent[0]).toMatchObject({ target: api });
    sent[0]!.response(unusable);
    await settle();
    expect(sent[1]).toMatchObject({ refreshToken: "rt2", target: DEFAULT_KEY });
    sent[1]!.response(responseOf(3));
    expect((await tokens).accessToken).toBe("at3");
  });

  test("B13: after a logout is not stored, and its refresh token is revoked", async () => {
    const { store, sent, revoked, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const failing = caught(tab("a").refresh(NEED));
    await settle();
    await store.update(KEY, () => undefined);
    sent[0]!.response(unusable);
    expect(await failing).toBeInstanceOf(NoTokenError);
    await settle();
    expect(revoked).toEqual(["rt2"]);
  });
});
