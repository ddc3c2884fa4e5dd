import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DeviceCodeError } from "../../src/core/device-code-error.ts";
import { CancelledError, NetworkError, StorageError } from "../../src/core/errors.ts";
import { DiscoveryError, IdTokenError } from "../../src/core/protocol-errors.ts";
import type { TokenSet } from "../../src/core/token-set.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { systemClock } from "../../src/browser/page/system-clock.ts";
import { loginResponse } from "../auth/fixture.ts";
import { settle } from "../refresh/tabs.ts";
import {
  approval,
  deviceWorld,
  INTERVAL_MS,
  LIFETIME_MS,
  refusal,
  stored,
  type DeviceWorld,
} from "./device.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const wait = async (ms: number) => {
  await settle();
  await vi.advanceTimersByTimeAsync(ms);
};
/** The pauses before each poll, in seconds. The first one counts from the start of the login. */
const pauses = ({ polls }: DeviceWorld) =>
  polls.map(({ at }, n) => (at - (polls[n - 1]?.at ?? 0)) / 1_000);
const outcome = (work: Promise<TokenSet>) =>
  work.then(
    (tokens) => tokens,
    (error: unknown) => error,
  );

describe("a device login", () => {
  test("shows the code, waits for the user, and returns the tokens", async () => {
    const my = deviceWorld();
    const tokens = approval();
    my.replies.push(refusal("authorization_pending"), tokens);
    const { grant, shown } = my.tab();
    const target = { scope: ["tv"], resource: "https://api.example", audience: "api" };
    const login = grant.requestToken({ ...target, loginHint: "ada" });
    await wait(0);
    expect(my.asked).toEqual([target]);
    expect(shown).toMatchObject([
      {
        userCode: "CODE-1",
        verificationUri: "https://id.example/device",
        verificationUriComplete: "https://id.example/device?user_code=CODE-1",
        expiresAt: Date.now() + LIFETIME_MS,
        statuses: ["waiting"],
        signal: { aborted: false },
      },
    ]);
    expect(JSON.stringify(shown)).not.toContain("secret");
    await wait(2 * INTERVAL_MS);
    expect(await login).toBe(tokens);
    expect(my.polls.map(({ parameters }) => parameters)).toEqual(
      Array.from({ length: 2 }, () => ({
        grant_type: "urn:ietf:params:oauth:grant-type:device_code",
        device_code: "secret-1",
        resource: "https://api.example",
        audience: "api",
      })),
    );
    expect(shown).toMatchObject([{ statuses: ["waiting", "approved"], signal: { aborted: true } }]);
    expect(await my.requests.getAllKeys()).toEqual([]);
  });

  test("sends the requested target, and nothing else", async () => {
    const my = deviceWorld();
    void outcome(my.tab().grant.requestToken({}));
    await wait(INTERVAL_MS);
    expect(my.asked).toEqual([{}]);
    expect(my.polls).toHaveLength(1);
  });

  test.for([
    { prompt: "none" } as const,
    {
      roundTrip: { prompt: "none", redirectUri: "x", navigate: async () => "x", close: () => {} },
    } as const,
  ])("shows and sends nothing for %o", async (request) => {
    const my = deviceWorld();
    const { grant, shown } = my.tab();
    await expect(grant.requestToken(request)).rejects.toMatchObject({ code: "no_token" });
    expect([my.asked, my.polls, shown]).toEqual([[], [], []]);
  });

  test("rejects an authorization response, because any link may contain one", async () => {
    const my = deviceWorld();
    const { grant, shown } = my.tab();
    await expect(
      grant.requestToken({ response: "https://app.example/callback?code=c&state=s" }),
    ).rejects.toMatchObject({ code: "invalid_response", parameter: "state" });
    expect([my.asked, shown]).toEqual([[], []]);
  });

  test("neither uses nor closes a round trip", async () => {
    const my = deviceWorld();
    my.replies.push(approval());
    const roundTrip = {
      redirectUri: "https://app.example/callback",
      navigate: vi.fn(),
      close: vi.fn(),
    };
    const login = my.tab().grant.requestToken({ roundTrip });
    await wait(INTERVAL_MS);
    expect(await login).toMatchObject({ accessToken: "at1" });
    expect(roundTrip.navigate).not.toHaveBeenCalled();
    expect(roundTrip.close).not.toHaveBeenCalled();
  });

  test("C5: a response without scope grants the requested scopes, and an empty scope grants none", async () => {
    const my = deviceWorld();
    my.authorization = { scope: ["openid", "tv"] };
    my.replies.push(loginResponse({ scope: [] }));
    const requestTokens = vi.spyOn(my.server, "requestTokens");
    const login = my.tab().grant.requestToken({ scope: ["tv"] });
    await wait(INTERVAL_MS);
    const tokens = await login;
    expect(tokens.scope).toEqual([]);
    expect(requestTokens.mock.lastCall?.[1]).toMatchObject({ scope: ["openid", "tv"] });
    expect(JSON.stringify(tokens)).not.toContain("at1");
  });

  test("rejects at once and stores nothing when the server issues no code", async () => {
    const my = deviceWorld();
    const error = new NetworkError("device authorization endpoint: TypeError");
    my.server.authorizeDevice = () => Promise.reject(error);
    const { grant, shown } = my.tab();
    await expect(grant.requestToken({})).rejects.toBe(error);
    expect(shown).toEqual([]);
    expect(await my.requests.getAllKeys()).toEqual([]);
  });
});

describe("polling", () => {
  const run = async (my: DeviceWorld, ms: number) => {
    const { grant, shown } = my.tab();
    const result = outcome(grant.requestToken({}));
    await wait(ms);
    return { result, shown };
  };

  test("keeps to the interval, from the first poll on", async () => {
    const my = deviceWorld();
    my.authorization = { intervalMs: 7_000 };
    await run(my, 7_000 * 3);
    expect(pauses(my)).toEqual([7, 7, 7]);
  });

  test("stays 5 s slower after each slow_down", async () => {
    const my = deviceWorld();
    my.replies.push(refusal("slow_down"), refusal("authorization_pending"), refusal("slow_down"));
    await run(my, 60_000);
    expect(pauses(my)).toEqual([5, 10, 10, 15, 15]);
  });

  test("backs off after failures of the network and the server, and goes on", async () => {
    const my = deviceWorld();
    my.replies.push(
      new NetworkError("cut"),
      refusal(undefined, { status: 500, retryable: true }),
      new DiscoveryError("down", { hint: "x", retryable: true }),
      new NetworkError("cut"),
      new NetworkError("cut"),
      refusal("temporarily_unavailable"),
      refusal("access_denied", { status: 503, retryable: true }),
      refusal("expired_token", { status: 500, retryable: true }),
      refusal("authorization_pending"),
      refusal("authorization_pending"),
      approval(),
    );
    const { result, shown } = await run(my, 5_000 * 100);
    expect(pauses(my)).toEqual([5, 10, 20, 40, 60, 60, 60, 60, 60, 5, 5]);
    expect(await result).toMatchObject({ accessToken: "at1" });
    expect(shown[0]!.statuses).toEqual(["waiting", "retrying", "waiting", "approved"]);
  });

  test("keeps the interval of slow_down after a back-off", async () => {
    const my = deviceWorld();
    my.replies.push(refusal("slow_down"), new NetworkError("cut"));
    await run(my, 60_000);
    expect(pauses(my)).toEqual([5, 10, 20, 10, 10]);
  });

  test("never polls before Retry-After has passed", async () => {
    const my = deviceWorld();
    my.replies.push(refusal(undefined, { status: 429, retryable: true, retryAfterMs: 90_000 }));
    await run(my, 101_000);
    expect(pauses(my)).toEqual([5, 90, 5]);
  });

  test("waits a random part longer after an outage", async () => {
    const my = deviceWorld();
    my.replies.push(new NetworkError("cut"));
    const { grant } = my.tab({ random: { fraction: () => 0.8 } });
    void outcome(grant.requestToken({}));
    await wait(25_000);
    expect(pauses(my)).toEqual([5, 12, 5]);
  });

  test.for([0, -5, Number.NaN])(
    "takes one second in place of an interval of %s",
    async (intervalMs) => {
      const my = deviceWorld();
      my.authorization = { intervalMs };
      const { grant } = my.tab();
      void outcome(grant.requestToken({}));
      await wait(3_500);
      expect(my.polls.length).toBeGreaterThanOrEqual(3);
      expect(my.polls.length).toBeLessThanOrEqual(4);
    },
  );
});

describe("the end of a device login", () => {
  const idToken = (retryable: boolean) => new IdTokenError("kid", "x", { hint: "x", retryable });

  test.for([400, 401, 403])(
    "A5: authorization_declined in a %i means that the user denied the login, and polling stops",
    async (status) => {
      const my = deviceWorld();
      my.replies.push(
        refusal("authorization_pending"),
        refusal("authorization_declined", { status }),
      );
      const { grant, shown } = my.tab();
      const result = outcome(grant.requestToken({}));
      await wait(2 * INTERVAL_MS);
      expect(await result).toMatchObject({
        code: "device_code",
        reason: "access_denied",
        error: "authorization_declined",
        status,
      });
      expect(shown).toMatchObject([{ statuses: ["waiting", "denied"] }]);
      await wait(10 * INTERVAL_MS);
      expect(my.polls).toHaveLength(2);
    },
  );

  test.for([
    [
      refusal("expired_token"),
      { code: "device_code", reason: "expired_token", status: 400 },
      "expired",
    ],
    [
      refusal("access_denied"),
      { code: "device_code", reason: "access_denied", error: "access_denied" },
      "denied",
    ],
    [refusal("invalid_grant"), { code: "request_token", error: "invalid_grant" }, "failed"],
    [
      refusal("invalid_client", { status: 401 }),
      { code: "request_token", error: "invalid_client" },
      "failed",
    ],
    [refusal(undefined, { status: 200 }), { code: "request_token", status: 200 }, "failed"],
    [idToken(false), { code: "id_token" }, "failed"],
    [idToken(true), { code: "id_token" }, "failed"],
    [new TypeError("a bug"), { name: "TypeError" }, "failed"],
  ] as const)("%s ends the login and deletes the code", async ([reply, expected, status]) => {
    const my = deviceWorld();
    my.replies.push(refusal("authorization_pending"), reply);
    const { grant, shown } = my.tab();
    const result = outcome(grant.requestToken({}));
    await wait(2 * INTERVAL_MS);
    expect(await result).toMatchObject(expected);
    expect(shown).toMatchObject([{ statuses: ["waiting", status], signal: { aborted: true } }]);
    expect(await my.requests.getAllKeys()).toEqual([]);
    await wait(10 * INTERVAL_MS);
    expect(my.polls).toHaveLength(2);
  });

  test("comes when the code expires, without another poll", async () => {
    const my = deviceWorld();
    my.authorization = { expiresAt: Date.now() + 12_000 };
    const { grant, shown } = my.tab();
    const result = outcome(grant.requestToken({}));
    await wait(11_999);
    expect(shown[0]!.statuses).toEqual(["waiting"]);
    await wait(1);
    expect(await result).toBeInstanceOf(DeviceCodeError);
    expect(await result).toMatchObject({ reason: "expired_token", retryable: false });
    expect(shown[0]!.statuses).toEqual(["waiting", "expired"]);
    expect(pauses(my)).toEqual([5, 5]);
    expect(await my.requests.getAllKeys()).toEqual([]);
  });

  test("comes without another poll when a timer fires too early", async () => {
    const early = { ...systemClock, sleep: (ms: number) => systemClock.sleep(ms - 1) };
    const my = deviceWorld(early);
    my.authorization = { expiresAt: Date.now() + 12_000 };
    const result = outcome(my.tab().grant.requestToken({}));
    await wait(20_000);
    expect(await result).toMatchObject({ reason: "expired_token" });
    expect(my.polls).toHaveLength(2);
  });

  test.for(["wall", "monotonic"])(
    "comes before another poll when only the %s clock moved past the end",
    async (which) => {
      let slept = 0;
      const my = deviceWorld({
        ...systemClock,
        now: () => Date.now() + (which === "wall" ? slept : 0),
        monotonic: () => performance.now() + (which === "wall" ? 0 : slept),
      });
      const { grant } = my.tab();
      const result = outcome(grant.requestToken({}));
      await wait(INTERVAL_MS);
      slept = LIFETIME_MS;
      await wait(INTERVAL_MS);
      expect(await result).toMatchObject({ reason: "expired_token" });
      expect(my.polls).toHaveLength(1);
    },
  );

  test.for([
    ["between two polls", 2_000],
    ["during a poll", 5_000],
  ] as const)("an abort %s rejects with its reason and deletes the code", async ([, ms]) => {
    const my = deviceWorld();
    const polled: AbortSignal[] = [];
    my.server.requestTokens = (_, options) =>
      new Promise((_, reject) => {
        const { signal } = options!;
        polled.push(signal!);
        signal!.addEventListener("abort", () => reject(signal!.reason as Error));
      });
    const { grant, shown } = my.tab();
    const leave = new AbortController();
    const reason = new Error("left");
    const result = outcome(grant.requestToken({ signal: leave.signal }));
    await wait(ms);
    expect(await stored(my)).toContain("secret-1");
    leave.abort(reason);
    expect(await result).toBe(reason);
    expect(await my.requests.getAllKeys()).toEqual([]);
    expect(shown).toMatchObject([
      { statuses: ["waiting", "cancelled"], signal: { aborted: true } },
    ]);
    await wait(10 * INTERVAL_MS);
    expect(polled.length).toBeLessThanOrEqual(1);
  });

  test("an abort before there is a code rejects with its reason and shows no code", async () => {
    const my = deviceWorld();
    const leave = new AbortController();
    const reason = new Error("left");
    my.server.authorizeDevice = (_, signal) =>
      new Promise((_, reject) => {
        signal!.addEventListener("abort", () => reject(signal!.reason as Error));
      });
    const { grant, shown } = my.tab();
    const result = outcome(grant.requestToken({ signal: leave.signal }));
    await wait(0);
    leave.abort(reason);
    expect(await result).toBe(reason);
    await expect(grant.requestToken({ signal: leave.signal })).rejects.toBe(reason);
    expect(shown).toEqual([]);
  });
});

describe("a prompt", () => {
  test("cancels the login and deletes the code when the user dismisses it", async () => {
    const my = deviceWorld();
    const { grant, shown } = my.tab();
    const result = outcome(grant.requestToken({}));
    await wait(INTERVAL_MS);
    shown[0]!.dismiss();
    expect(await result).toBeInstanceOf(CancelledError);
    expect(shown[0]!.statuses).toEqual(["waiting", "cancelled"]);
    expect(await my.requests.getAllKeys()).toEqual([]);
    await wait(10 * INTERVAL_MS);
    expect(my.polls).toHaveLength(1);
  });

  test.for([
    ["returns at once", () => {}],
    ["resolves at once", async () => {}],
    ["never settles", () => new Promise<void>(() => {})],
  ] as const)("does not block the login when it %s", async ([, showCode]) => {
    const my = deviceWorld();
    my.replies.push(approval());
    const login = my.tab({ prompt: { showCode } }).grant.requestToken({});
    await wait(INTERVAL_MS);
    expect(await login).toMatchObject({ accessToken: "at1" });
  });

  test.for([
    [
      "throws",
      () => {
        throw new Error("the app's own");
      },
    ],
    ["rejects", () => Promise.reject(new Error("the app's own"))],
    [
      "has a listener that throws",
      (_: unknown, { subscribe }: { subscribe: (listener: () => void) => void }) => {
        subscribe(() => {
          throw new Error("the app's own");
        });
      },
    ],
  ] as const)(
    "does not block the login when it %s, and its error is reported",
    async ([, showCode]) => {
      const uncaught: unknown[] = [];
      const caught = vi.spyOn(globalThis, "queueMicrotask").mockImplementation((task) => {
        try {
          task();
        } catch (error) {
          uncaught.push(error);
        }
      });
      const my = deviceWorld();
      my.replies.push(approval());
      const login = my.tab({ prompt: { showCode } }).grant.requestToken({});
      await wait(INTERVAL_MS);
      expect(await login).toMatchObject({ accessToken: "at1" });
      caught.mockRestore();
      expect(uncaught[0]).toEqual(new Error("the app's own"));
    },
  );

  test("may reject with its signal's reason after the end, which is not reported", async () => {
    const reported = vi.spyOn(globalThis, "queueMicrotask");
    const my = deviceWorld();
    my.replies.push(approval());
    const ended = vi.fn();
    const { grant } = my.tab({
      prompt: {
        showCode: (_, { signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener("abort", () => {
              ended();
              reject(signal.reason as Error);
            });
          }),
      },
    });
    const login = grant.requestToken({});
    await wait(INTERVAL_MS);
    expect(await login).toMatchObject({ accessToken: "at1" });
    await settle();
    expect(ended).toHaveBeenCalledOnce();
    expect(reported).not.toHaveBeenCalled();
    reported.mockRestore();
  });

  test("may subscribe late and unsubscribe", async () => {
    const my = deviceWorld();
    my.replies.push(new NetworkError("cut"), approval());
    const received: string[] = [];
    const { grant } = my.tab({
      prompt: {
        showCode: async (_, { subscribe }) => {
          await systemClock.sleep(7_000);
          const leave = subscribe((status) => {
            received.push(status);
          });
          await systemClock.sleep(1_000);
          leave();
        },
      },
    });
    const login = grant.requestToken({});
    await wait(60_000);
    await login;
    expect(received).toEqual(["retrying"]);
  });
});

describe("a reload", () => {
  /** The tab closed without cleaning up: its lock is free, and its records are still stored. */
  function reload(my: DeviceWorld): void {
    my.locks = new MemoryTabLock();
    my.server.requestTokens = laterPolls(my);
    my.polls.length = 0;
  }
  function laterPolls(my: DeviceWorld): DeviceWorld["server"]["requestTokens"] {
    const begunAt = performance.now();
    return async (parameters) => {
      my.polls.push({ at: Math.round(performance.now() - begunAt), parameters });
      const reply = await (my.replies.shift() ?? refusal("authorization_pending"));
      if (reply instanceof Error) throw reply;
      return reply;
    };
  }
  /** A tab that closes `ms` after its login began. */
  async function former(my: DeviceWorld, ms: number): Promise<void> {
    const gone = { ...systemClock, sleep: dying(ms) };
    void outcome(my.tab({ clock: gone }).grant.requestToken({}));
    await wait(ms);
    reload(my);
  }
  function dying(ms: number): typeof systemClock.sleep {
    const end = Date.now() + ms;
    return (pause, signal) =>
      Date.now() + pause > end ? new Promise(() => {}) : systemClock.sleep(pause, signal);
  }

  test("continues with the same code, and shows it again", async () => {
    const my = deviceWorld();
    await former(my, 7_000);
    my.replies.push(approval());
    const { grant, shown } = my.tab();
    const login = grant.requestToken({});
    await wait(0);
    expect(shown).toMatchObject([{ userCode: "CODE-1" }]);
    await wait(INTERVAL_MS);
    expect(await login).toMatchObject({ accessToken: "at1" });
    expect(my.asked).toHaveLength(1);
    expect(my.polls).toMatchObject([{ at: 3_000, parameters: { device_code: "secret-1" } }]);
    expect(await my.requests.getAllKeys()).toEqual([]);
  });

  test("during a poll does not poll at once", async () => {
    const my = deviceWorld();
    my.server.requestTokens = () => new Promise(() => {});
    await former(my, 5_000);
    void outcome(my.tab().grant.requestToken({}));
    await wait(INTERVAL_MS);
    expect(pauses(my)).toEqual([5]);
  });

  test("keeps the interval of slow_down and the back-off", async () => {
    const my = deviceWorld();
    my.replies.push(refusal("slow_down"), new NetworkError("cut"));
    await former(my, 16_000);
    void outcome(my.tab().grant.requestToken({}));
    await wait(60_000);
    expect(pauses(my)).toEqual([19, 10, 10, 10, 10]);
  });

  test("waits no longer than the longest pause when the wall clock was set back", async () => {
    const my = deviceWorld();
    await former(my, 6_000);
    vi.setSystemTime(Date.now() - 3_600_000);
    void outcome(my.tab().grant.requestToken({}));
    await wait(LIFETIME_MS);
    expect(pauses(my).slice(0, 2)).toEqual([65, 5]);
  });

  test("requests another code after the stored one has expired", async () => {
    const my = deviceWorld();
    await former(my, 6_000);
    await wait(LIFETIME_MS);
    const { grant, shown } = my.tab();
    void outcome(grant.requestToken({}));
    await wait(0);
    expect(shown).toMatchObject([{ userCode: "CODE-2" }]);
    expect(await stored(my)).not.toContain("secret-1");
  });

  test("requests its own code for another target, and keeps the stored one", async () => {
    const my = deviceWorld();
    await former(my, 6_000);
    const { grant, shown } = my.tab();
    void outcome(grant.requestToken({ audience: "other" }));
    await wait(0);
    expect(shown).toMatchObject([{ userCode: "CODE-2" }]);
    expect(await stored(my)).toContain("secret-1");
  });

  test("deletes the expired and unreadable records of closed tabs", async () => {
    const my = deviceWorld();
    const old = { userCode: "OLD", verificationUri: "x", intervalMs: 1, nextPollAt: 1 };
    const expired = JSON.stringify({ ...old, deviceCode: "secret-0", expiresAt: Date.now() });
    await my.requests.set("issuer,client/old", expired);
    await my.requests.set("issuer,client/odd", '{"userCode":7}');
    await my.requests.set("issuer,client/torn", "{");
    void outcome(my.tab().grant.requestToken({}));
    await wait(0);
    expect(await my.requests.getAllKeys()).toEqual(['issuer,client/["","",""]']);
  });
});

describe("several tabs", () => {
  async function two(my: DeviceWorld) {
    const [a, b] = [my.tab(), my.tab()];
    const leave = [new AbortController(), new AbortController()] as const;
    let keep = () => {};
    const settled = new Promise<void>((resolve) => (keep = resolve));
    const first = outcome(a.grant.requestToken({ signal: leave[0].signal, stored: settled }));
    await wait(500);
    const second = outcome(b.grant.requestToken({ signal: leave[1].signal }));
    await wait(1_500);
    return { a, b, first, second, leave, keep };
  }

  test("show one code, and one of them polls", async () => {
    const my = deviceWorld();
    const { a, b } = await two(my);
    expect([a.shown, b.shown]).toMatchObject([[{ userCode: "CODE-1" }], [{ userCode: "CODE-1" }]]);
    await wait(18_000);
    expect(my.asked).toHaveLength(1);
    expect(pauses(my)).toEqual([5, 5, 5, 5]);
    expect([a.shown.length, b.shown.length]).toEqual([1, 1]);
  });

  test("request one code when they start at the same time", async () => {
    const my = deviceWorld();
    const [a, b] = [my.tab(), my.tab()];
    void outcome(a.grant.requestToken({}));
    void outcome(b.grant.requestToken({}));
    await wait(1_000);
    expect(my.asked).toHaveLength(1);
    expect([a.shown, b.shown]).toMatchObject([[{ userCode: "CODE-1" }], [{ userCode: "CODE-1" }]]);
  });

  test("the waiting tab ends only after the polling tab has stored its tokens", async () => {
    const my = deviceWorld();
    const { first, second, b, keep } = await two(my);
    my.replies.push(approval());
    await wait(INTERVAL_MS);
    expect(await first).toMatchObject({ accessToken: "at1" });
    expect(await stored(my)).not.toContain("secret");
    let isOver = false;
    void second.then(() => (isOver = true));
    await wait(3_000);
    expect(isOver).toBe(false);
    keep();
    expect(await second).toMatchObject({ code: "no_token" });
    expect(b.shown).toMatchObject([
      { statuses: ["waiting", "approved"], signal: { aborted: true } },
    ]);
    await wait(10_000);
    expect(my.polls).toHaveLength(1);
    expect(await my.requests.getAllKeys()).toEqual([]);
  });

  test("A5: authorization_declined means in both tabs that the user denied the login", async () => {
    const my = deviceWorld();
    const { second, b, first } = await two(my);
    my.replies.push(refusal("authorization_declined"));
    await wait(INTERVAL_MS);
    const denied = { code: "device_code", reason: "access_denied" };
    expect(await first).toMatchObject({ ...denied, error: "authorization_declined" });
    expect(await second).toMatchObject(denied);
    expect(b.shown).toMatchObject([{ statuses: ["waiting", "denied"] }]);
    expect(await my.requests.getAllKeys()).toEqual([]);
  });

  test.for([
    ["access_denied", { code: "device_code", reason: "access_denied" }, "denied"],
    ["expired_token", { code: "device_code", reason: "expired_token" }, "expired"],
    ["invalid_client", { code: "device_code", reason: "refused" }, "failed"],
  ] as const)("%s ends the login in both tabs", async ([error, expected, status]) => {
    const my = deviceWorld();
    const { second, b, first } = await two(my);
    my.replies.push(refusal(error));
    await wait(INTERVAL_MS);
    expect(await first).toMatchObject({ error });
    expect(await second).toMatchObject(expected);
    expect(b.shown).toMatchObject([{ statuses: ["waiting", status] }]);
    expect(my.asked).toHaveLength(1);
    expect(await my.requests.getAllKeys()).toEqual([]);
  });

  test("the waiting tab continues with the code at the same interval when the polling tab aborts", async () => {
    const my = deviceWorld();
    const { first, second, a, b, leave } = await two(my);
    my.replies.push(refusal("slow_down"));
    await wait(6_000);
    leave[0].abort(new Error("left"));
    expect(await first).toEqual(new Error("left"));
    expect(a.shown).toMatchObject([{ statuses: ["waiting", "cancelled"] }]);
    my.replies.push(refusal("authorization_pending"), approval());
    await wait(30_000);
    expect(await second).toMatchObject({ accessToken: "at1" });
    expect(b.shown).toHaveLength(1);
    expect(my.asked).toHaveLength(1);
    expect(pauses(my)).toEqual([5, 10, 10]);
    expect(await my.requests.getAllKeys()).toEqual([]);
  });

  test("the polling tab goes on when the user dismisses the code in the waiting tab", async () => {
    const my = deviceWorld();
    const { first, second, b, keep } = await two(my);
    b.shown[0]!.dismiss();
    expect(await second).toBeInstanceOf(CancelledError);
    expect(await stored(my)).toContain("secret-1");
    my.replies.push(approval());
    keep();
    await wait(INTERVAL_MS);
    expect(await first).toMatchObject({ accessToken: "at1" });
  });

  test("the waiting tab requests another code when the record was deleted, and ignores the old prompt", async () => {
    const my = deviceWorld();
    const { first, b, second, leave } = await two(my);
    b.shown[0]!.signal.addEventListener("abort", b.shown[0]!.dismiss);
    for (const id of await my.requests.getAllKeys()) await my.requests.remove(id);
    leave[0].abort(new Error("left"));
    await first;
    my.replies.push(approval());
    await wait(INTERVAL_MS);
    expect(await second).toMatchObject({ accessToken: "at1" });
    expect(b.shown).toMatchObject([
      { userCode: "CODE-1", statuses: ["waiting", "cancelled"], signal: { aborted: true } },
      { userCode: "CODE-2", statuses: ["waiting", "approved"] },
    ]);
  });

  test("the last tab that aborts deletes the code", async () => {
    const my = deviceWorld();
    const { first, second, leave } = await two(my);
    leave[0].abort(new Error("left"));
    leave[1].abort(new Error("left, too"));
    expect(await Promise.all([first, second])).toEqual([new Error("left"), new Error("left, too")]);
    expect(await my.requests.getAllKeys()).toEqual([]);
    await wait(60_000);
    expect(my.polls).toEqual([]);
  });

  test("a tab that waits for a frozen tab ends when the code expires", async () => {
    const my = deviceWorld();
    const still = { ...systemClock, sleep: () => new Promise<never>(() => {}) };
    void outcome(my.tab({ clock: still }).grant.requestToken({}));
    await wait(0);
    const b = my.tab();
    const second = outcome(b.grant.requestToken({}));
    await wait(LIFETIME_MS + 1_000);
    expect(await second).toMatchObject({ reason: "expired_token" });
    expect(b.shown).toMatchObject([{ statuses: ["waiting", "expired"] }]);
  });

  test("queries the locks while it waits, which frees the locks of a page in the back/forward cache", async () => {
    const my = deviceWorld();
    const query = vi.spyOn(my.locks, "query");
    await two(my);
    await wait(5_000);
    expect(query.mock.calls.length).toBeGreaterThan(4);
  });

  test("without Web Locks, where both tabs poll, end in the same way", async () => {
    const my = deviceWorld();
    my.locks = {
      request: (_, __, callback) => callback(true),
      query: async () => {},
    };
    const { first, second, keep } = await two(my);
    expect(my.asked).toHaveLength(1);
    // The server accepts a code once.
    my.replies.push(approval(), refusal("invalid_grant"));
    await wait(2 * INTERVAL_MS);
    keep();
    expect(await first).toMatchObject({ accessToken: "at1" });
    expect(await second).toMatchObject({ code: "no_token" });
  });
});

test("a store that fails does not block the login", async () => {
  const my = deviceWorld();
  const fail = () => Promise.reject(new StorageError("full"));
  my.requests = { get: fail, set: fail, remove: fail, getAllKeys: fail };
  my.replies.push(approval());
  const { grant, shown } = my.tab();
  const login = grant.requestToken({});
  await wait(INTERVAL_MS);
  expect(await login).toMatchObject({ accessToken: "at1" });
  expect(shown).toHaveLength(1);
});
