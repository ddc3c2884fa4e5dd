import { afterEach, expect, test, vi } from "vitest";
import { createAuth, type CreateAuthConfig } from "../../../src/compose/create-auth.ts";
import { CustomGrant } from "../../../src/grants/custom-grant.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

let clients = 0;
const create = (more: Partial<CreateAuthConfig> = {}) =>
  createAuth({
    issuer: "https://id.example",
    clientId: `disposed-${++clients}`,
    redirectUri: "/callback",
    ...more,
  });

/** Counts what is open in this page: database connections, listeners and channels. */
function count() {
  const open = { listeners: 0, channels: 0 };
  const connections = new Set<IDBDatabase>();
  const openDatabase = indexedDB.open.bind(indexedDB);
  vi.spyOn(indexedDB, "open").mockImplementation((...args) => {
    const request = openDatabase(...args);
    request.addEventListener("success", () => {
      const { result } = request;
      connections.add(result);
      const close = result.close.bind(result);
      result.close = () => {
        connections.delete(result);
        close();
      };
    });
    return request;
  });
  for (const target of [window, document]) {
    const add = target.addEventListener.bind(target);
    const remove = target.removeEventListener.bind(target);
    const known = new Set<unknown>();
    vi.spyOn(target, "addEventListener").mockImplementation(
      (type: string, listener: unknown, options?: unknown) => {
        const key = listener;
        const { signal, once } = (
          typeof options === "object" && options !== null ? options : {}
        ) as AddEventListenerOptions;
        if (!once && (signal || !known.has(key))) {
          open.listeners++;
          if (signal) signal.addEventListener("abort", () => open.listeners--);
          else known.add(key);
        }
        add(type, listener as EventListener, options as AddEventListenerOptions);
      },
    );
    vi.spyOn(target, "removeEventListener").mockImplementation(
      (type: string, listener: unknown, options?: unknown) => {
        if (known.delete(listener)) open.listeners--;
        remove(type, listener as EventListener, options as EventListenerOptions);
      },
    );
  }
  const Channel = BroadcastChannel;
  vi.stubGlobal(
    "BroadcastChannel",
    class extends Channel {
      constructor(name: string) {
        super(name);
        open.channels++;
      }
      override close() {
        open.channels--;
        super.close();
      }
    },
  );
  return { open, connections: () => connections.size };
}

/** Waits until the work in the background has ended, and nothing is open. */
async function expectNothing({ open, connections }: ReturnType<typeof count>) {
  await new Promise((resolve) => setTimeout(resolve, 200));
  await vi.waitFor(() =>
    expect({ ...open, connections: connections() }).toEqual({
      connections: 0,
      listeners: 0,
      channels: 0,
    }),
  );
  expect(await locks()).toBe(0);
}

const locks = async () => {
  const { held = [], pending = [] } = await navigator.locks.query();
  return [...held, ...pending].filter(({ name }) => name?.includes("disposed-")).length;
};

test.for<[string, Partial<CreateAuthConfig>]>([
  ["by default", {}],
  ["with tokens in memory", { persist: "memory" }],
  [
    "with an own grant",
    { grant: () => new CustomGrant(async () => ({ accessToken: "at", scope: [] })) },
  ],
])("D4: 100 times createAuth() and dispose() leave nothing, %s", async ([, more]) => {
  const counts = count();
  for (let i = 0; i < 100; i++) create(more).dispose();
  await expectNothing(counts);
});

test("D4: 20 times with a call that has ended, and with a call that is still in progress", async () => {
  const counts = count();
  for (let i = 0; i < 10; i++) {
    const auth = create();
    expect(await auth.getUser()).toBeUndefined();
    expect(counts.connections()).toBeGreaterThan(0);
    auth.dispose();
    const other = create();
    const reading = other.users();
    other.dispose();
    other.dispose();
    expect(await reading).toEqual([]);
  }
  await expectNothing(counts);
});

test("D4: an Auth works after dispose() and start(), with one connection", async () => {
  const counts = count();
  const auth = create();
  auth.dispose();
  auth.start();
  expect(await auth.getUser()).toBeUndefined();
  expect(await auth.users()).toEqual([]);
  expect(counts.connections()).toBe(1);
  expect(auth.state.status).toBe("anonymous");
  auth.dispose();
  await expectNothing(counts);
  // A call after dispose() opens a connection and closes it.
  expect(await auth.users()).toEqual([]);
  await expectNothing(counts);
});
