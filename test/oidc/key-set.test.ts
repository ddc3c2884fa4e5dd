import { beforeEach, describe, expect, test } from "vitest";
import { testDocuments, type TestDocuments } from "./documents.ts";
import { ISSUER, testClock } from "./support.ts";
import { createKeySet, type Jwk, createStoredKeys } from "../../src/oidc/id-token/key-set.ts";

const JWKS_URI = `${ISSUER}/jwks`;
const MINUTE = 60_000;

let clock = testClock();
let documents: TestDocuments;
let published: readonly Jwk[];
let requests: number;
let failure: Error | undefined;

beforeEach(() => {
  clock = testClock();
  documents = testDocuments();
  published = [{ kid: "k1" }];
  requests = 0;
  failure = undefined;
});

/** The keys of a page that has just been loaded. */
const load = (jwksUri = JWKS_URI) =>
  createKeySet(
    async () => {
      requests += 1;
      if (failure) throw failure;
      return published;
    },
    clock,
    createStoredKeys(documents, ISSUER, jwksUri),
  );

describe("keys that this browser has read", () => {
  const HOUR = 60 * MINUTE;
  const DAY = 24 * HOUR;

  test("are used after a reload without a request for an hour", async () => {
    expect(await load().cached()).toBeUndefined();
    expect(await load().get()).toEqual({ keys: published, fresh: true });
    clock.add(HOUR - 1);
    expect(await load().cached()).toEqual(published);
    expect(await load().get()).toEqual({ keys: published, fresh: false });
    expect(requests).toBe(1);
  });

  test("are used for a day, and after an hour they are fetched in the background", async () => {
    const old = published;
    await load().get();
    published = [{ kid: "k2" }];
    clock.add(DAY - 1);
    const keys = load();
    expect(await keys.get()).toEqual({ keys: old, fresh: false });
    expect(await keys.get()).toEqual({ keys: published, fresh: false });
    expect(await load().get()).toEqual({ keys: published, fresh: false });
    expect(requests).toBe(2);
  });

  test("are not used after a day", async () => {
    await load().get();
    clock.add(DAY);
    const keys = load();
    expect(await keys.cached()).toBeUndefined();
    expect(await keys.get()).toMatchObject({ fresh: true });
    clock.add(DAY);
    expect(await keys.cached()).toBeUndefined();
  });

  test("are used when the fetch in the background fails", async () => {
    const keys = load();
    await keys.get();
    clock.add(HOUR);
    failure = new TypeError("Failed to fetch");
    expect(await keys.get()).toEqual({ keys: published, fresh: false });
    failure = undefined;
    expect(await keys.get()).toEqual({ keys: published, fresh: false });
    expect(requests).toBe(3);
  });

  test("are fetched again, once, when the ID token's key is not among them", async () => {
    await load().get();
    const keys = load();
    await keys.get();
    published = [{ kid: "k2" }];
    expect(await keys.refetch()).toEqual(published);
    expect(keys.refetch()).toBeUndefined();
    expect(await load().cached()).toEqual(published);
  });

  test("count as none when they are from another jwks_uri or from the future", async () => {
    await load().get();
    expect(await load("https://new.example.com/jwks").cached()).toBeUndefined();
    clock.add(-MINUTE);
    expect(await load().cached()).toBeUndefined();
  });

  test.each([
    ["a string", "keys"],
    ["null", null],
    ["no list", { jwksUri: JWKS_URI, keys: {} }],
  ])("count as none when they are damaged (%s)", async (_, document) => {
    documents.entries.set(`keys/${ISSUER}`, { document, readAt: clock.now() });
    expect(await load().cached()).toBeUndefined();
    expect(await load().get()).toEqual({ keys: published, fresh: true });
  });

  test("are not replaced by older stored keys when the store cannot be written", async () => {
    await load().get();
    clock.add(20 * HOUR);
    documents.update = () => Promise.reject(new Error("disk full"));
    published = [{ kid: "k2" }];
    const keys = load();
    expect(await keys.get()).toEqual({ keys: [{ kid: "k1" }], fresh: false });
    await expect.poll(() => keys.get()).toEqual({ keys: published, fresh: false });
    clock.add(HOUR);
    expect(await keys.get()).toEqual({ keys: published, fresh: false });
  });

  test("are fetched once when the store fails", async () => {
    documents.failure = new Error("no disk");
    const keys = load();
    expect(await keys.get()).toMatchObject({ fresh: true });
    expect(await keys.get()).toMatchObject({ fresh: false });
    expect(requests).toBe(1);
  });
});
