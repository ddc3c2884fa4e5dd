import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { createClient } from "../src/confidential.ts";
import { createAuth, createTokenManager, MemoryTokenStorage } from "../src/index.ts";
import type { TokenOwner } from "../src/core/token-owner.ts";
import { tokenSet, type TokenSet } from "../src/core/token-set.ts";
import { MemoryTabLock } from "../src/memory/memory-tab-lock.ts";
import { REDIRECT_URI, STATE, world } from "./auth/fixture.ts";
import { KEY } from "./refresh/tabs.ts";

/** `await using` ends what has `dispose()`. The tests call the method that `await using` calls, because Node 20 lacks the syntax. */

const FOLDER = resolve("node_modules/.cache/latchkey-dispose");

function compile(...args: string[]): string {
  try {
    execFileSync(process.execPath, [resolve("node_modules/typescript/bin/tsc"), ...args], {
      encoding: "utf8",
    });
    return "";
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

/** Compiles an app that uses the published types. The types themselves are checked, too (`skipLibCheck: false`). */
function compileApp(name: string, lib: readonly string[], code: string): string {
  const folder = join(FOLDER, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "app.ts"), code);
  const compilerOptions = {
    ...{ target: "ES2022", module: "ESNext", moduleResolution: "Bundler", lib, types: [] },
    ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true, skipLibCheck: false },
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*"] }));
  return compile("-p", folder);
}

describe("the types", () => {
  beforeAll(() => {
    rmSync(FOLDER, { recursive: true, force: true });
    expect(compile("-p", "src", "--outDir", join(FOLDER, "dist"))).toBe("");
  }, 120_000);

  const BASE = ["ES2022", "DOM", "DOM.Iterable"];
  const USE = `
    import { createAuth, createTokenManager, MemoryTokenStorage } from "../dist/index.js";
    import { createClient } from "../dist/confidential.js";
    import { StaticGrant } from "../dist/parts.js";
    const client = { issuer: "https://id.example.com", clientId: "web" };
    const auth = () => createAuth({ ...client, redirectUri: "/" });
    const authentication = { method: "client_secret_basic", clientSecret: "s" } as const;
    const service = () => createClient({ ...client, authentication });
    const provider = new StaticGrant({ accessToken: "at" });
    const manager = () => createTokenManager({ provider, storage: new MemoryTokenStorage() });
  `;

  test(
    "compile in an app with lib esnext.disposable, and so does await using",
    { timeout: 60_000 },
    () => {
      const code = `${USE}
      export async function run(): Promise<string> {
        await using a = auth();
        await using c = service();
        await using m = manager();
        const all: AsyncDisposable[] = [a, c, m];
        return (await a.getToken()) + (await c.getToken()) + (await m.getToken()) + all.length;
      }`;
      expect(compileApp("with", [...BASE, "ESNext.Disposable"], code)).toBe("");
    },
  );

  test(
    "compile in an app without lib esnext.disposable, which can call the method",
    { timeout: 60_000 },
    () => {
      const code = `${USE}
      export async function run(): Promise<void> {
        const a = auth();
        await a.getToken();
        const ended: Promise<void> = a[Symbol.asyncDispose]();
        await Promise.all([ended, service()[Symbol.asyncDispose](), manager()[Symbol.asyncDispose]()]);
      }`;
      expect(compileApp("without", BASE, code)).toBe("");
    },
  );
});

describe("at the end of a block", () => {
  test("an Auth no longer follows other tabs, and keeps the session", async () => {
    const me = world();
    me.navigate = async () => `${REDIRECT_URI}?code=c&state=${STATE}`;
    const [auth, other] = [me.tab(), me.tab()];
    auth.start();
    other.start();
    await other.login();
    await vi.waitFor(() => expect(auth.state.status).toBe("authenticated"));
    await auth[Symbol.asyncDispose]();
    expect((await me.store.get(KEY))?.end).toBeNull();
    await other.logout({ endSession: "none", revoke: "none" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(auth.state.status).toBe("authenticated");
  });

  test("createAuth() returns such an Auth, also on a server", async () => {
    const auth = createAuth({
      ...{ issuer: "https://id.example.com", clientId: "web", redirectUri: "/" },
    });
    await expect(auth[Symbol.asyncDispose]()).resolves.toBeUndefined();
  });

  const tokens = (refreshToken: string) =>
    tokenSet({
      ...{ accessToken: "at", tokenType: "Bearer", expiresAt: Date.now() + 60_000, scope: [] },
      refreshToken,
    });

  test("a token manager has stored the tokens of a request that still ran", async () => {
    let respond!: (tokens: TokenSet) => void;
    const storage = new MemoryTokenStorage();
    const set = vi.spyOn(storage, "set");
    const manager = createTokenManager({
      provider: { requestToken: () => new Promise((resolve) => (respond = resolve)) },
      storage,
      locks: new MemoryTabLock(),
    });
    const token = manager.getToken();
    await vi.waitFor(() => expect(respond).toBeDefined());
    let isEnded = false;
    const ended = manager[Symbol.asyncDispose]().then(() => (isEnded = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isEnded).toBe(false);
    respond(tokens("rt-new"));
    await ended;
    expect(set.mock.calls.map(([, value]) => value)).toEqual([
      expect.objectContaining({ refreshToken: "rt-new" }),
    ]);
    expect(await token).toBe("at");
  });

  const respondSlowly = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return tokens("rt");
  };
  const managed = (owner?: TokenOwner) =>
    createTokenManager({
      ...(owner && { owner }),
      ...{ storage: new MemoryTokenStorage(), locks: new MemoryTabLock() },
      provider: { owner: null, requestToken: respondSlowly },
    });
  test.for([
    ["a token manager", () => managed()],
    ["a token manager without a user", () => managed({ getUser: async () => undefined })],
    [
      "a client",
      () =>
        createClient({
          ...{ issuer: "https://id.example.com", clientId: "web" },
          authentication: { method: "none" },
          grant: () => ({ requestToken: respondSlowly }),
        }),
    ],
  ] as const)("%s has ended a request of the same tick", async ([, create]) => {
    const manager = create();
    let isDone = false;
    void manager.getToken().then(() => (isDone = true));
    await manager[Symbol.asyncDispose]();
    expect(isDone).toBe(true);
  });

  test("a request that fails does not fail the end of the block", async () => {
    const client = createClient({
      issuer: "https://id.example.com",
      clientId: "web",
      authentication: { method: "client_secret_basic", clientSecret: "s" },
      endpoints: { tokenEndpoint: "https://id.example.com/token" },
      fetch: async () => new Response("", { status: 503 }),
    });
    const failed = expect(client.getToken()).rejects.toMatchObject({ code: "request_token" });
    await client[Symbol.asyncDispose]();
    await failed;
  });

  /** A storage whose writes fail until `repair()`. */
  function fullStorage() {
    const storage = new MemoryTokenStorage();
    const set = vi.spyOn(storage, "set").mockRejectedValue(new Error("full"));
    return { storage, repair: () => set.mockRestore() };
  }
  const users = [
    [
      "a token manager",
      (storage: MemoryTokenStorage) =>
        createTokenManager({
          ...{ storage, locks: new MemoryTabLock() },
          provider: { owner: null, requestToken: async () => tokens("rt-new") },
        }),
    ],
    [
      "a client",
      (storage: MemoryTokenStorage) =>
        createClient({
          ...{ issuer: "https://id.example.com", clientId: "web", service: "s", storage },
          authentication: { method: "none" },
          grant: () => ({ requestToken: async () => tokens("rt-new") }),
        }),
    ],
  ] as const;

  test.for(users)("%s writes tokens whose first write failed once more", async ([, create]) => {
    const { storage, repair } = fullStorage();
    const manager = create(storage);
    await manager.getToken();
    repair();
    const set = vi.spyOn(storage, "set");
    await manager[Symbol.asyncDispose]();
    expect(set.mock.calls.map(([, value]) => value)).toEqual([
      expect.objectContaining({ refreshToken: "rt-new" }),
    ]);
  });

  test.for(users)("%s rejects if tokens still cannot be stored", async ([, create]) => {
    const manager = create(fullStorage().storage);
    await manager.getToken();
    const error = await manager[Symbol.asyncDispose]().catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "storage", cause: new Error("full") });
    expect((error as Error).message).toMatch(/^tokens could not be stored\nCall again/);
  });

  test("a token manager no longer listens to its owner, until the next call", async () => {
    const listeners = new Set<unknown>();
    const owner: TokenOwner = {
      getUser: async () => ({ sub: "ada" }),
      onUserRemoved: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const manager = createTokenManager({
      ...{ owner, storage: new MemoryTokenStorage(), locks: new MemoryTabLock() },
      provider: { requestToken: async () => tokens("rt") },
    });
    expect(listeners.size).toBe(1);
    await manager[Symbol.asyncDispose]();
    expect(listeners.size).toBe(0);
    await manager.getToken();
    expect(listeners.size).toBe(1);
    manager.dispose();
    expect(listeners.size).toBe(0);
  });
});
