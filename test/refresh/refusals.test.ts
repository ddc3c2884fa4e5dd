import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NoTokenError } from "../../src/core/errors.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import type { RefreshResponse } from "../../src/core/refresher.ts";
import { targetKey, type TargetKey } from "../../src/core/token-target.ts";
import { ADA, responseOf, browser, expiredRow, KEY, settle, DEFAULT_KEY } from "./tabs.ts";

/** Refusals by the server, and for how long no tab sends again. */

// An hour of five tabs is slow on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const API = targetKey({ resource: "https://api.example" });
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const need = (target: TargetKey = DEFAULT_KEY) => ({ user: ADA, target, notGeneration: -1 });
const userNeeded = (error = "interaction_required"): RefreshResponse => ({
  type: "refused",
  meaning: "user needed",
  facts: { error, errorDescription: "sign in again", status: 400 },
});
const wrongRequest: RefreshResponse = {
  type: "refused",
  meaning: "wrong request",
  facts: { error: "invalid_target", status: 400 },
};
const unexplained: RefreshResponse = {
  type: "refused",
  meaning: "unexplained",
  facts: { status: 401 },
};

/** Tabs with an expired token, and a server that always sends the given response. */
async function refusing(response: RefreshResponse | (() => RefreshResponse)) {
  const all = browser();
  await all.store.update(KEY, () => expiredRow());
  const times: number[] = [];
  const begun = Date.now();
  const push = all.sent.push.bind(all.sent);
  all.sent.push = (...sends) => {
    for (const send of sends) {
      times.push(Math.round((Date.now() - begun) / SECOND));
      send.response(typeof response === "function" ? response() : response);
    }
    return push(...sends);
  };
  const outcome = async (refresh: Promise<unknown>) => {
    const settled = refresh.then(
      () => "token",
      (error: unknown) => error,
    );
    await settle();
    return settled;
  };
  return { ...all, times, outcome };
}

/** Five tabs that request tokens for an hour, while one after the other is reloaded. */
async function oneHour({ tab }: Pick<ReturnType<typeof browser>, "tab">, targets: TargetKey[]) {
  let pages = 0;
  const open = () => tab(`page-${++pages}`);
  const tabs = Array.from({ length: 5 }, open);
  // Short steps in the first two minutes, when most requests are sent.
  for (let second = 0; second < HOUR / SECOND;) {
    const step = second < 120 ? 2 : 20;
    tabs[(second / step) % 5] = open();
    for (const one of tabs) for (const target of targets) one.refresh(need(target)).catch(() => {});
    await vi.advanceTimersByTimeAsync(step * SECOND);
    second += step;
  }
}

describe("a refused default target that needs the user", () => {
  test.for(["interaction_required", "unauthorized_client"])(
    "A5: with %s rejects in every tab after one request, with the server's description",
    async (error) => {
      const { tab, outcome, times, messages } = await refusing(userNeeded(error));
      const expected = {
        code: "refresh_token",
        reason: "user_needed",
        error,
        errorDescription: "sign in again",
        status: 400,
      };
      const one = tab("a");
      expect(await outcome(one.refresh(need()))).toMatchObject(expected);
      expect(messages.at(-1)).toMatchObject({ type: "ended", reason: "user_needed" });
      expect(await outcome(one.refresh(need()))).toMatchObject(expected);
      expect(await outcome(tab("b").refresh(need()))).toMatchObject(expected);
      expect(await outcome(tab("b").refresh(need(API)))).toMatchObject(expected);
      expect(times).toEqual([0]);
    },
  );

  test("A5: keeps the tokens, and a login ends the refusal", async () => {
    const { tab, store, outcome, times } = await refusing(userNeeded());
    await outcome(tab("a").refresh(need()));
    expect(await store.get(KEY)).toMatchObject({
      end: null,
      renewable: true,
      attempt: null,
      tokens: { refreshToken: "rt1" },
    });
    await store.update(KEY, () => ({
      ...expiredRow(),
      sessionId: "s2",
      sequence: 9,
      refusals: {},
    }));
    await outcome(tab("a").refresh(need()));
    expect(times).toEqual([0, 0]);
  });

  test("A5: still returns an access token until it expires", async () => {
    const { tab, store, outcome } = await refusing(userNeeded());
    await store.update(KEY, (row) => ({
      ...row!,
      access: { [DEFAULT_KEY]: { generation: 1, expiresAt: Date.now() + MINUTE, scope: [] } },
    }));
    const one = tab("a");
    expect(await outcome(one.refresh({ ...need(), notGeneration: 1 }))).toMatchObject({
      reason: "user_needed",
    });
    expect(await outcome(one.refresh(need()))).toBe("token");
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(await outcome(one.refresh(need()))).toMatchObject({ reason: "user_needed" });
  });

  test("A5: is requested again after ten minutes and then every hour, and a success ends the refusal", async () => {
    let isWrong = true;
    const { tab, times, store, outcome } = await refusing(() =>
      isWrong ? userNeeded() : responseOf(2),
    );
    const one = tab("a");
    for (let second = 0; second < (2 * HOUR + 15 * MINUTE) / SECOND; second += 10) {
      one.refresh(need()).catch(() => {});
      await vi.advanceTimersByTimeAsync(10 * SECOND);
    }
    expect(times).toEqual([0, 600, 4_200, 7_800]);
    isWrong = false;
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(await outcome(one.refresh(need()))).toBe("token");
    expect((await store.get(KEY))!.refusals).toEqual({});
  });

  test("A5: is requested once more, not refused for longer, when the wall clock was set back", async () => {
    const { tab, outcome, times, store } = await refusing(userNeeded());
    await store.update(KEY, (row) => ({ ...row!, access: {} }));
    await outcome(tab("a").refresh(need()));
    vi.setSystemTime(Date.now() - 2 * HOUR);
    await outcome(tab("b").refresh(need()));
    await outcome(tab("b").refresh(need()));
    expect(times).toHaveLength(2);
  });
});

describe("an unexplained refusal", () => {
  test("A6: counts as user_needed after three responses over a minute, in any of the tabs", async () => {
    const { tab, times, outcome, store } = await refusing(unexplained);
    const first = tab("a").refresh(need());
    const late = outcome(first);
    await vi.advanceTimersByTimeAsync(30 * SECOND);
    expect(await late).toMatchObject({ code: "timeout", cause: { code: "request_token" } });
    expect((await store.get(KEY))!.end).toBeNull();
    // Another page continues the count of the first one.
    const second = outcome(tab("b").refresh(need()));
    await vi.advanceTimersByTimeAsync(35 * SECOND);
    const expected = {
      code: "refresh_token",
      reason: "user_needed",
      error: undefined,
      status: 401,
    };
    expect(await second).toMatchObject({ code: "timeout" });
    expect(await outcome(tab("c").refresh(need()))).toMatchObject(expected);
    expect(times).toEqual([0, 2, 32, 62]);
  });

  test("A6: is deleted by the next successful response", async () => {
    let sends = 0;
    const { tab, times, outcome, store } = await refusing(() =>
      ++sends < 3 ? unexplained : responseOf(2),
    );
    const tokens = outcome(tab("a", { timing: { patienceMs: HOUR } }).refresh(need()));
    await vi.advanceTimersByTimeAsync(40 * SECOND);
    expect(await tokens).toBe("token");
    expect(times).toEqual([0, 2, 32]);
    expect((await store.get(KEY))!.refusals).toEqual({});
  });

  test("A6: that is two hours old does not count", async () => {
    const { tab, store, times } = await refusing(unexplained);
    const old = Date.now() - 2 * HOUR;
    const before = { meaning: "unexplained", count: 2, firstAt: old, lastAt: old } as const;
    await store.update(KEY, (row) => ({ ...row!, refusals: { [DEFAULT_KEY]: before } }));
    tab("a")
      .refresh(need())
      .catch(() => {});
    await vi.advanceTimersByTimeAsync(SECOND);
    expect((await store.get(KEY))!.refusals![DEFAULT_KEY]).toMatchObject({
      meaning: "unexplained",
      count: 1,
    });
    expect(times).toEqual([0]);
  });

  test("A6: after a refusal with a reason does not change that refusal", async () => {
    let response: RefreshResponse = userNeeded();
    const { tab, outcome, times } = await refusing(() => response);
    await outcome(tab("a").refresh(need()));
    response = unexplained;
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(await outcome(tab("a").refresh(need()))).toMatchObject({ reason: "user_needed" });
    await vi.advanceTimersByTimeAsync(50 * MINUTE);
    expect(await outcome(tab("a").refresh(need()))).toMatchObject({ reason: "user_needed" });
    expect(times).toEqual([0, 600]);
  });

  test("A6: of another target does not delay the default target", async () => {
    const { tab, sent } = await refusing(() => (sent.length === 0 ? unexplained : responseOf(2)));
    const one = tab("a");
    const api = one.refresh(need(API));
    await settle();
    const defaultTokens = one.refresh(need());
    await vi.advanceTimersByTimeAsync(SECOND);
    await defaultTokens;
    await vi.advanceTimersByTimeAsync(2 * SECOND);
    await api;
    expect(sent.map(({ target }) => target)).toEqual([API, DEFAULT_KEY, API]);
  });
});

describe("a refused target other than the default", () => {
  test("A5: as a wrong request is not requested by any tab for a minute, then ten minutes, then an hour", async () => {
    const { tab, times, outcome, store } = await refusing(wrongRequest);
    for (let second = 0; second < (2 * HOUR) / SECOND; second += 10) {
      for (const name of ["a", "b"])
        tab(name)
          .refresh({ ...need(API), notGeneration: second % 20 ? -1 : 1 })
          .catch(() => {});
      await vi.advanceTimersByTimeAsync(10 * SECOND);
    }
    expect(times).toEqual([0, 60, 660, 4_260]);
    expect(await outcome(tab("c").refresh(need(API)))).toBeInstanceOf(RequestTokenError);
    expect((await store.get(KEY))!.end).toBeNull();
  });

  test("A5: that needs the user rejects with NoTokenError, with the server's error as the cause", async () => {
    let response = userNeeded("consent_required");
    const { tab, times, outcome, messages } = await refusing(() => response);
    const expected = {
      code: "no_token",
      cause: { code: "request_token", error: "consent_required" },
    };
    const error = await outcome(tab("a").refresh(need(API)));
    expect(error).toBeInstanceOf(NoTokenError);
    expect(error).toMatchObject(expected);
    expect(await outcome(tab("b").refresh(need(API)))).toMatchObject(expected);
    expect(times).toEqual([0]);
    expect(messages.map(({ type }) => type)).not.toContain("ended");
    response = responseOf(2);
    expect(await outcome(tab("b").refresh(need()))).toBe("token");
  });
});

describe(
  "one hour in which five tabs request tokens all the time and reload",
  { timeout: 30_000 },
  () => {
    test.for([
      ["A5", "user needed", userNeeded()],
      ["A6", "unexplained", unexplained],
      ["A6", "unexplained with an error", { ...unexplained, facts: { error: "odd", status: 400 } }],
    ] as const)("%s: %s: at most 10 requests, for two targets", async ([, , response]) => {
      const all = await refusing(response);
      await oneHour(all, [DEFAULT_KEY, API]);
      expect(all.times.length).toBeGreaterThan(1);
      expect(all.times.length).toBeLessThanOrEqual(10);
    });
  },
);

test("a tab with a refusal still finishes a closed tab's attempt for another target", async () => {
  const { store, sent, tab } = browser();
  const attempt = {
    id: "dead-1",
    sequence: 2,
    tab: "dead",
    target: API,
    uncertainSends: 0,
    sends: 0,
  };
  const now = Date.now();
  const refusal = { meaning: "user needed", count: 1, firstAt: now, lastAt: now } as const;
  await store.update(KEY, () => ({
    ...expiredRow(),
    sequence: 2,
    attempt,
    refusals: { [DEFAULT_KEY]: refusal },
  }));
  await expect(tab("a").refresh(need())).rejects.toMatchObject({ reason: "user_needed" });
  await vi.advanceTimersByTimeAsync(3 * SECOND);
  expect(sent.map(({ target }) => target)).toEqual([API]);
});

test.for([
  ["with an unknown meaning", { meaning: "odd", count: 1, firstAt: 1, lastAt: 1 }],
  ["without a time", { meaning: "user needed", count: 1, firstAt: 1 }],
  ["with a count of 0", { meaning: "wrong request", count: 0, firstAt: 1, lastAt: 1 }],
])("A5: a stored refusal %s delays no request", async ([, damaged]) => {
  const { store, sent, tab } = browser();
  const refusals = { [DEFAULT_KEY]: damaged } as never;
  await store.update(KEY, () => ({ ...expiredRow(), refusals }));
  const tokens = tab("a").refresh(need());
  await settle();
  sent[0]!.response(responseOf(2));
  expect((await tokens).accessToken).toBe("at2");
});
