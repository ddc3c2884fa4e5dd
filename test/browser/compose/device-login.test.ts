import { afterEach, expect, test } from "vitest";
import { createDatabase } from "../../../src/browser/storage/database.ts";
import { IndexedDBRequestStore } from "../../../src/browser/storage/indexeddb-request-store.ts";
import { systemClock } from "../../../src/browser/page/system-clock.ts";
import { WebLocksTabLock } from "../../../src/browser/tabs/web-locks-tab-lock.ts";
import { RequestTokenError } from "../../../src/core/protocol-errors.ts";
import { tokenSet } from "../../../src/core/token-set.ts";
import { DeviceCodeGrant } from "../../../src/grants/device/device-code-grant.ts";

/** Tabs share the real IndexedDB and Web Locks, over their own connections. The server responds at once. */

let clients = 0;
const requests = () => new IndexedDBRequestStore(createDatabase(), "device/");

afterEach(async () => {
  for (const id of await requests().getAllKeys()) await requests().remove(id);
});

function setUp() {
  const client = `device-test-${++clients}`;
  let codes = 0;
  let isApproved = false;
  const polls: string[] = [];
  const tab = () => {
    const shown: string[] = [];
    const grant = new DeviceCodeGrant(
      {
        authorizeDevice: async () => ({
          deviceCode: `secret-${++codes}`,
          userCode: `CODE-${codes}`,
          verificationUri: "https://id.example/device",
          expiresAt: Date.now() + 60_000,
          intervalMs: 1_000,
        }),
        requestTokens: async ({ device_code }) => {
          polls.push(String(device_code));
          if (!isApproved)
            throw new RequestTokenError("x", { error: "authorization_pending", hint: "" });
          return tokenSet({
            accessToken: "at1",
            tokenType: "Bearer",
            expiresAt: Date.now() + 60_000,
            scope: [],
          });
        },
      },
      {
        client,
        clock: systemClock,
        locks: new WebLocksTabLock(),
        requests: requests(),
        prompt: { showCode: ({ userCode }) => void shown.push(userCode) },
      },
    );
    return { grant, shown };
  };
  return { polls, tab, approve: () => (isApproved = true) };
}

const pause = (ms: number) => systemClock.sleep(ms);
const outcome = (work: Promise<unknown>) => work.catch((error: unknown) => error);

test("two tabs show one code, and when the polling tab cancels, the other tab gets the tokens", async () => {
  const { polls, tab, approve } = setUp();
  const [a, b] = [tab(), tab()];
  const leave = new AbortController();
  const first = outcome(a.grant.requestToken({ signal: leave.signal }));
  const second = b.grant.requestToken({});
  await pause(1_800);
  expect([a.shown, b.shown]).toEqual([["CODE-1"], ["CODE-1"]]);
  expect(polls).toEqual(["secret-1"]);
  leave.abort(new Error("left"));
  expect(await first).toEqual(new Error("left"));
  expect(await requests().getAllKeys()).toHaveLength(1);
  approve();
  expect(await second).toMatchObject({ accessToken: "at1" });
  expect(new Set(polls)).toEqual(new Set(["secret-1"]));
  expect(b.shown).toEqual(["CODE-1"]);
  expect(await requests().getAllKeys()).toEqual([]);
});

test("the waiting tab rejects once the first tab has stored its tokens", async () => {
  const { polls, tab, approve } = setUp();
  const [a, b] = [tab(), tab()];
  let keep = () => {};
  const stored = new Promise<void>((resolve) => (keep = resolve));
  const first = a.grant.requestToken({ stored });
  const second = outcome(b.grant.requestToken({}));
  approve();
  expect(await first).toMatchObject({ accessToken: "at1" });
  expect(await Promise.race([second, pause(1_500).then(() => "waits")])).toBe("waits");
  keep();
  expect(await second).toMatchObject({ code: "no_token" });
  expect(polls).toEqual(["secret-1"]);
  expect(await requests().getAllKeys()).toEqual([]);
});

test("the last of two tabs that cancel deletes the code", async () => {
  const { tab } = setUp();
  const leave = new AbortController();
  const logins = [tab(), tab()].map(({ grant }) =>
    outcome(grant.requestToken({ signal: leave.signal })),
  );
  await pause(300);
  expect(await requests().getAllKeys()).toHaveLength(1);
  leave.abort(new Error("left"));
  expect(await Promise.all(logins)).toEqual([new Error("left"), new Error("left")]);
  expect(await requests().getAllKeys()).toEqual([]);
});

test("lists authorization requests and device logins separately", async () => {
  const database = createDatabase();
  const ofPage = new IndexedDBRequestStore(database);
  const ofDevice = new IndexedDBRequestStore(database, "device/");
  await ofPage.set("x", "page");
  await ofDevice.set("x", "device");
  await ofDevice.set("y", "device");
  expect(await ofPage.getAllKeys()).toEqual(["x"]);
  expect(await ofDevice.getAllKeys()).toEqual(["x", "y"]);
  expect(await ofPage.remove("x")).toBe("page");
  expect([await ofPage.get("x"), await ofDevice.get("x")]).toEqual([null, "device"]);
});
