import { inspect } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { createClient } from "../../src/compose/create-client.ts";
import { createTokenManager } from "../../src/compose/create-token-manager.ts";
import { StorageError } from "../../src/core/errors.ts";
import { ErrorReply } from "redis";
import { CustomGrant } from "../../src/grants/custom-grant.ts";
import { RedisTabLock } from "../../src/redis/redis-tab-lock.ts";
import { RedisTokenStorage } from "../../src/redis/redis-token-storage.ts";
import { contentOf, IS_MISSING, useRedis } from "./redis.ts";

const SECRET = "at-very-secret";
const tokens = () => ({ accessToken: SECRET, expiresAt: Date.now() + 3_600_000 });

/** Asserts that `work` rejects with a `StorageError` that contains `words` and no secret. */
async function expectStorageError(work: Promise<unknown>, words: RegExp): Promise<void> {
  const error = await work.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(StorageError);
  expect(error).toMatchObject({ code: "storage", retryable: true });
  expect((error as Error).message).toMatch(words);
  expect((error as Error).stack).toContain((error as Error).message);
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(SECRET);
}

describe.skipIf(IS_MISSING)("with a Redis server", () => {
  const server = useRedis();
  afterEach(() => server()?.redis.configSet("maxmemory", "0"));

  const parts = (timeoutMs = 1_000) => ({
    storage: new RedisTokenStorage(server().redis, { timeoutMs }),
    locks: new RedisTabLock(server().redis, { timeoutMs }),
  });
  const managerOf = (timeoutMs?: number) =>
    createTokenManager({ provider: new CustomGrant(async () => tokens()), ...parts(timeoutMs) });

  test("every call rejects while Redis is down, and works again afterwards", async () => {
    const { storage, locks } = parts(200);
    await storage.set("k", SECRET);
    await server().kill();
    const words = /^Redis failed at the command (GET|EVAL|UNLINK|SCAN): .*\n.*check that Redis/;
    await expectStorageError(storage.get("k"), words);
    await expectStorageError(storage.set("k", SECRET), words);
    await expectStorageError(storage.delete("k"), words);
    await expectStorageError(storage.exists("k"), words);
    await expectStorageError(storage.clear(), words);
    await expectStorageError(
      storage.replace("k", SECRET, undefined, () => true),
      words,
    );
    const request = locks.request("l", { mode: "exclusive" }, async () => expect.unreachable());
    await expectStorageError(request, words);
    await expectStorageError(managerOf(200).getToken(), words);
    await server().restart();
    const again = new RedisTokenStorage(server().redis, { timeoutMs: 20_000 });
    await again.set("k", "new");
    expect(await again.get("k")).toBe("new");
  });

  test("every call rejects when Redis takes 2 s", async () => {
    const { storage, locks } = parts();
    const pause = () => server().redis.sendCommand(["CLIENT", "PAUSE", "2000"]);
    await pause();
    const slow = /no reply within 1000 ms/;
    await Promise.all([
      expectStorageError(storage.get("k"), slow),
      expectStorageError(storage.set("k", SECRET), slow),
      expectStorageError(
        locks.request("l", { mode: "exclusive" }, async () => expect.unreachable()),
        slow,
      ),
      expectStorageError(managerOf().getToken(), slow),
    ]);
    await server().redis.ping();
    expect(await storage.get("k")).toBe(SECRET); // Redis has executed SET late
    // The lock was taken late, and then released.
    expect(Object.keys(await contentOf(server()))).toEqual(["latchkey/storage//k"]);
  });

  test("a full Redis is named, and the manager still returns a token", async () => {
    const { redis } = server();
    const { storage, locks } = parts();
    await redis.configSet("maxmemory", "1");
    const full =
      /EVAL: OOM\nRedis is full\. Raise maxmemory, and keep maxmemory-policy noeviction,/;
    await expectStorageError(storage.set("k", SECRET), full);
    await expectStorageError(
      locks.request("l", { mode: "exclusive" }, async () => expect.unreachable()),
      full,
    );
    await expectStorageError(managerOf().getToken(), full);
    // A manager with a lock outside of Redis keeps the token in its memory until Redis has space.
    const local = createTokenManager({
      provider: new CustomGrant(async () => tokens()),
      storage,
      clock: { now: Date.now },
    });
    expect(await local.getToken()).toBe(SECRET);
    await redis.configSet("maxmemory", "0");
    expect(await local.getToken()).toBe(SECRET);
    expect(JSON.stringify(await contentOf(server()))).toContain(SECRET);
  });

  test("the hint of an error of createClient() fits a server", async () => {
    const client = createClient({
      issuer: "https://id.example.com",
      clientId: "web",
      authentication: { method: "client_secret_basic", clientSecret: SECRET },
      ...parts(),
    });
    await server().redis.configSet("maxmemory", "1");
    const error = (await client.getToken().catch((error: unknown) => error)) as Error;
    expect(error.message).toContain("EVAL: OOM");
    expect(error.message).not.toContain("browser");
  });
});

test.for([
  [new ErrorReply("OOM command not allowed when used memory > 'maxmemory'."), /GET: OOM\n/],
  [new ErrorReply("NOPERM User x has no permissions"), /GET: NOPERM\nAllow this user/],
  [new ErrorReply("WRONGPASS invalid username-password pair"), /GET: WRONGPASS\n/],
  [
    new ErrorReply(`ERR unknown command 'GET', with args beginning with: '${SECRET}'`),
    /GET: ERR\n/,
  ],
  [new ErrorReply(SECRET), /GET: ErrorReply\n/],
  [Object.assign(new Error(SECRET), { code: "ECONNREFUSED", command: SECRET }), /ECONNREFUSED\n/],
  [Object.assign(new Error("x"), { code: SECRET }), /GET: Error\n/],
  [SECRET, /GET: unknown error\n/],
] as const)("an error of the client keeps its kind and no text: %#", async ([cause, words]) => {
  const client = {
    get: () => Promise.reject(cause),
    unlink: async () => 1,
    eval: async () => 1,
    async *scanIterator() {},
  };
  await expectStorageError(new RedisTokenStorage(client).get("k"), words);
});
