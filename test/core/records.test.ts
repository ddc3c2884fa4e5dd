import { describe, expect, test } from "vitest";
import { parseHandoverMessage } from "../../src/core/handover-message.ts";
import type { TabNews } from "../../src/core/message.ts";
import { parseCallback } from "../../src/core/parse-callback.ts";
import { parseTabMessage } from "../../src/core/parse-message.ts";
import { isTokenRecord, parseRow } from "../../src/core/parse-row.ts";
import type { SessionRow, TokenRecord } from "../../src/core/session.ts";
import { expiredRow, DEFAULT_KEY } from "../refresh/tabs.ts";

/** Stored records and messages of a channel are validated before they are used. */

const record = () => expiredRow().tokens as TokenRecord;
const entry = () => expiredRow().access[DEFAULT_KEY]!;

describe("a stored session", () => {
  test.for<[string, SessionRow]>([
    ["as it is written", expiredRow()],
    ["whose tokens are in memory", { ...expiredRow(), tokens: { memory: "m1" } }],
    ["with unknown members", { ...expiredRow(), unknown: true } as SessionRow],
    [
      "with a lifetime",
      { ...expiredRow(), access: { [DEFAULT_KEY]: { ...entry(), lifetimeMs: 5 } } },
    ],
    [
      "with a refusal and a scheduled retry",
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
  ])("%s is valid", ([, row]) => {
    expect(parseRow(row)).toBe(row);
  });

  function withEndpoint() {
    return { ...record(), tokenEndpoint: "https://id.example/token" };
  }

  const damages: [string, Record<string, unknown>][] = [
    ["no user", { tokens: { ...record(), user: undefined } }],
    ["a user without a sub", { tokens: { ...record(), user: { claims: {} } } }],
    ["a user whose sub is a number", { tokens: { ...record(), user: { sub: 7, claims: {} } } }],
    ["claims that are a text", { tokens: { ...record(), user: { sub: "ada", claims: "x" } } }],
    ["a refresh token that is an object", { tokens: { ...record(), refreshToken: {} } }],
    ["an ID token that is a number", { tokens: { ...record(), idToken: 5 } }],
    ["an authTime that is a text", { tokens: { ...record(), authTime: "x" } }],
    [
      "an access token entry that is a text",
      { tokens: { ...record(), access: { [DEFAULT_KEY]: "at" } } },
    ],
    [
      "an access token entry without a token",
      { tokens: { ...record(), access: { [DEFAULT_KEY]: {} } } },
    ],
    ["access tokens that are a list", { tokens: { ...record(), access: [] } }],
    ["an index entry without a token", { tokens: { ...record(), access: {} } }],
    ["tokens whose memory id is a number", { tokens: { memory: 7 } }],
    ["no tokens and no end", { tokens: null }],
    ["an index entry that is null", { access: { [DEFAULT_KEY]: null } }],
    [
      "an index entry whose expiresAt is a text",
      { access: { [DEFAULT_KEY]: { ...entry(), expiresAt: "soon" } } },
    ],
    [
      "an index entry whose lifetimeMs is a text",
      { access: { [DEFAULT_KEY]: { ...entry(), lifetimeMs: "x" } } },
    ],
    ["scopes that are a text", { access: { [DEFAULT_KEY]: { ...entry(), scope: "a b" } } }],
    ["scopes that are numbers", { access: { [DEFAULT_KEY]: { ...entry(), scope: [1] } } }],
    ["a malformed target key", { access: { "[1]": entry() } }],
    ["an index that is a list", { access: [] }],
    ["an incomplete attempt", { attempt: { id: "a", sequence: 1 } }],
    [
      "an attempt whose target is a number",
      { attempt: { id: "a", sequence: 1, uncertainSends: 0, sends: 0, target: 7 } },
    ],
    [
      "an attempt whose retryAt is a text",
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
    ["a generation that is NaN", { generation: Number.NaN }],
    ["a session id that is a number", { sessionId: 1 }],
  ];
  test.for(damages)("with %s counts as no session", ([, damage]) => {
    expect(parseRow({ ...expiredRow(), ...damage })).toBeUndefined();
  });

  test("of a newer version is valid in any shape", () => {
    const row = { version: 3, tokens: 7 };
    expect(parseRow(row)).toBe(row);
  });
});

describe("B10: a message of another tab", () => {
  const attempt = { sequence: 1, attemptId: "a" };
  const news: TabNews[] = [
    { type: "claim", ...attempt },
    { type: "done", generation: 1, sequence: 1, target: DEFAULT_KEY },
    { type: "ended", reason: "session_ended", sequence: 1 },
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

  test("B10: is accepted when it is complete", () => {
    for (const message of whole) expect(parseTabMessage(message)).toBe(message);
  });

  test("B10: is ignored when a member is missing or has another type", () => {
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
    ["of an unknown type", { ...whole[1], type: "moved" }],
    ["of a type that every object has as a member", { ...whole[1], type: "constructor" }],
    ["about an unknown change of a user", { ...whole[6], what: "suspend" }],
  ])("B10: that is %s is ignored", ([, message]) => {
    expect(parseTabMessage(message)).toBeUndefined();
  });
});

describe("B10: a message about tokens in memory", () => {
  const give = { protocol: 2, type: "give", memory: "m1", record: record() };

  test("B10: is accepted when it is complete", () => {
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
    ["of an unknown type", { ...give, type: "lend" }],
    ["without a name", { ...give, memory: undefined }],
    ["with a name that is a number", { protocol: 2, type: "ask", memory: 1 }],
    ["without a record", { ...give, record: undefined }],
    ["with a memory id in place of a record", { ...give, record: { memory: "m2" } }],
    ["with a record without a user", { ...give, record: { ...record(), user: null } }],
  ])("B10: that is %s is ignored", ([, message]) => {
    expect(parseHandoverMessage(message)).toBeUndefined();
  });
});

test("a token record has the members that a session needs, and may have more", () => {
  expect(isTokenRecord({ ...record(), unknown: true })).toBe(true);
  for (const other of [null, undefined, "x", [], {}, { memory: "m" }]) {
    expect(isTokenRecord(other)).toBe(false);
  }
});

test("a handled response is a login or a logout, and everything else is ignored", () => {
  for (const known of [{ sub: "ada" }, { sub: "ada", returnTo: "/x" }, { loggedOut: true }]) {
    expect(parseCallback(known)).toBe(known);
  }
  const others = [null, undefined, "sub", 7, [], {}, { sub: 7 }, { sub: "ada", returnTo: {} }];
  for (const other of [...others, { loggedOut: true, sub: 7 }]) {
    expect(parseCallback(other)).toBeUndefined();
  }
});
