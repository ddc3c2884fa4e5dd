import { describe, expect, test } from "vitest";
import { parseHandoverMessage } from "../../src/core/handover-message.ts";
import type { TabNews } from "../../src/core/message.ts";
import { parseCallback } from "../../src/core/parse-callback.ts";
import { parseTabMessage } from "../../src/core/parse-message.ts";
import { isTokenRecord, parseRow } from "../../src/core/parse-row.ts";
import type { SessionRow, TokenRecord } from "../../src/core/session.ts";
import { expiredRow, DEFAULT_KEY } from "../refresh/tabs.ts";

/** Whatever lies in a store or comes over a channel is looked at before it is used. */

const record = () => expiredRow().tokens as TokenRecord;
const entry = () => expiredRow().access[DEFAULT_KEY]!;

describe("a stored session", () => {
  test.for<[string, SessionRow]>([
    ["as it is written", expiredRow()],
    ["whose tokens are in memory", { ...expiredRow(), tokens: { memory: "m1" } }],
    ["with members that nobody knows", { ...expiredRow(), unreceived: "of" } as SessionRow],
    [
      "with a lifetime",
      { ...expiredRow(), access: { [DEFAULT_KEY]: { ...entry(), lifetimeMs: 5 } } },
    ],
    [
      "that the server refused, and which is tried again",
      {
        ...expiredRow(),
        attempt: {
          id: "a",
          sequence: 1,
          tab: "t",
          target: DEFAULT_KEY,
          uncertainSends: 0,
          sends: 1,
          retryAt: 5,
        },
        refusals: { [DEFAULT_KEY]: { meaning: "user needed", count: 1, firstAt: 1, lastAt: 1 } },
      },
    ],
    [
      "that ended",
      { ...expiredRow(), end: { reason: "logged_out", sequence: 1 }, access: {}, tokens: null },
    ],
    ["of an older record with a token endpoint", { ...expiredRow(), tokens: withEndpoint() }],
  ])("%s is one", ([, row]) => {
    expect(parseRow(row)).toBe(row);
  });

  function withEndpoint() {
    return { ...record(), tokenEndpoint: "https://id.example/token" };
  }

  const damages: [string, Record<string, unknown>][] = [
    ["no user", { tokens: { ...record(), user: undefined } }],
    ["a user without a name", { tokens: { ...record(), user: { claims: {} } } }],
    ["a user whose sub is a number", { tokens: { ...record(), user: { sub: 7, claims: {} } } }],
    ["claims that are none", { tokens: { ...record(), user: { sub: "ada", claims: "x" } } }],
    ["a refresh token that is none", { tokens: { ...record(), refreshToken: {} } }],
    ["an ID token that is none", { tokens: { ...record(), idToken: 5 } }],
    ["a time of login that is none", { tokens: { ...record(), authTime: "x" } }],
    ["an access token that is none", { tokens: { ...record(), access: { [DEFAULT_KEY]: "at" } } }],
    ["an access token without text", { tokens: { ...record(), access: { [DEFAULT_KEY]: {} } } }],
    ["access tokens that are a list", { tokens: { ...record(), access: [] } }],
    ["an index entry without a token", { tokens: { ...record(), access: {} } }],
    ["tokens named by a number", { tokens: { memory: 7 } }],
    ["no tokens and no end", { tokens: null }],
    ["an index entry that is null", { access: { [DEFAULT_KEY]: null } }],
    [
      "an index entry without an end",
      { access: { [DEFAULT_KEY]: { ...entry(), expiresAt: "soon" } } },
    ],
    [
      "an index entry that lives for a text",
      { access: { [DEFAULT_KEY]: { ...entry(), lifetimeMs: "x" } } },
    ],
    ["scopes that are a text", { access: { [DEFAULT_KEY]: { ...entry(), scope: "a b" } } }],
    ["scopes that are numbers", { access: { [DEFAULT_KEY]: { ...entry(), scope: [1] } } }],
    ["a target that is none", { access: { "[1]": entry() } }],
    ["an index that is a list", { access: [] }],
    ["an attempt that is half", { attempt: { id: "a", sequence: 1 } }],
    [
      "an attempt for no target",
      { attempt: { id: "a", sequence: 1, uncertainSends: 0, sends: 0, target: 7 } },
    ],
    [
      "an attempt that waits for a text",
      {
        attempt: {
          id: "a",
          sequence: 1,
          uncertainSends: 0,
          sends: 0,
          target: DEFAULT_KEY,
          retryAt: "later",
        },
      },
    ],
    ["an end that is a text", { end: "logged_out" }],
    ["an end without a reason", { end: { sequence: 1 } }],
    ["a profile that is a text", { remembered: "Ada" }],
    ["refusals that are a text", { refusals: "no" }],
    ["a refusal without a time", { refusals: { [DEFAULT_KEY]: { meaning: "x", count: 1 } } }],
    ["a number that is none", { generation: Number.NaN }],
    ["a sid that is a number", { sessionId: 1 }],
  ];
  test.for(damages)("with %s counts as none", ([, damage]) => {
    expect(parseRow({ ...expiredRow(), ...damage })).toBeUndefined();
  });

  test("of a newer version is one, whatever else it is", () => {
    const row = { version: 3, tokens: 7 };
    expect(parseRow(row)).toBe(row);
  });
});

describe("B10: a message of another tab", () => {
  const attempt = { sequence: 1, attemptId: "a" };
  const news: TabNews[] = [
    { type: "claim", ...attempt },
    { type: "done", generation: 1, sequence: 1, target: DEFAULT_KEY },
    { type: "ended", reason: "invalid_grant", sequence: 1 },
    { type: "gone", ...attempt, unsent: true },
    { type: "probe", ...attempt, nonce: "n" },
    { type: "alive", ...attempt, nonce: "n", frozen: false, tickAgeMs: 0 },
    { type: "user", what: "forget" },
  ];
  const whole = news.map((part) => ({
    protocol: 2,
    key: "ada",
    from: "tab",
    sessionId: "s",
    ...part,
  }));

  test("B10: is heard when it is whole", () => {
    for (const message of whole) expect(parseTabMessage(message)).toBe(message);
  });

  test("B10: counts as none without one of its members, and with one of another type", () => {
    for (const message of whole) {
      for (const name of Object.keys(message)) {
        const { [name]: _, ...rest } = message as Record<string, unknown>;
        expect(parseTabMessage(rest), name).toBeUndefined();
        for (const value of [null, {}, [], Number.NaN]) {
          expect(parseTabMessage({ ...rest, [name]: value }), name).toBeUndefined();
        }
      }
    }
  });

  test.for<[string, unknown]>([
    ["nothing", null],
    ["a text", "done"],
    ["a list", [1]],
    ["of a later version", { ...whole[1], protocol: 3 }],
    ["of a type that nobody knows", { ...whole[1], type: "moved" }],
    ["of a type that every object has", { ...whole[1], type: "constructor" }],
    ["about somebody's new way to leave", { ...whole[6], what: "suspend" }],
  ])("B10: that is %s counts as none", ([, message]) => {
    expect(parseTabMessage(message)).toBeUndefined();
  });
});

describe("B10: a message about tokens in memory", () => {
  const give = { protocol: 2, type: "give", memory: "m1", record: record() };

  test("B10: is heard when it is whole", () => {
    for (const message of [
      give,
      { protocol: 2, type: "ask", memory: "m1" },
      { protocol: 2, type: "drop", memory: "m" },
    ])
      expect(parseHandoverMessage(message)).toBe(message);
  });

  test.for<[string, unknown]>([
    ["nothing", null],
    ["of a later version", { ...give, protocol: 3 }],
    ["without a version", { ...give, protocol: undefined }],
    ["of a type that nobody knows", { ...give, type: "lend" }],
    ["without a name", { ...give, memory: undefined }],
    ["with a name that is a number", { protocol: 2, type: "ask", memory: 1 }],
    ["without a record", { ...give, record: undefined }],
    ["with the name of a record in its place", { ...give, record: { memory: "m2" } }],
    ["with the record of nobody", { ...give, record: { ...record(), user: null } }],
  ])("B10: that is %s counts as none", ([, message]) => {
    expect(parseHandoverMessage(message)).toBeUndefined();
  });
});

test("a record of tokens has what a session needs of it, and may have more", () => {
  expect(isTokenRecord({ ...record(), unreceived: "of" })).toBe(true);
  for (const other of [null, undefined, "x", [], {}, { memory: "m" }]) {
    expect(isTokenRecord(other)).toBe(false);
  }
});

test("a handled response is a login or a sign-out, and everything else counts as none", () => {
  for (const known of [{ sub: "ada" }, { sub: "ada", returnTo: "/x" }, { signedOut: true }]) {
    expect(parseCallback(known)).toBe(known);
  }
  const others = [null, undefined, "sub", 7, [], {}, { sub: 7 }, { sub: "ada", returnTo: {} }];
  for (const other of [...others, { signedOut: true, sub: 7 }]) {
    expect(parseCallback(other)).toBeUndefined();
  }
});
