import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { StorageError } from "../../../src/core/errors.ts";
import type { TabNews } from "../../../src/core/message.ts";
import type { SessionRow } from "../../../src/core/session.ts";
import type { AuthManager } from "../../../src/auth/auth-manager.ts";
import { ADA, expiredRow, KEY, settle } from "../../refresh/tabs.ts";
import { goodRow, remember, world, type World } from "../fixture.ts";

/** Another tab sends a message, and the store cannot be read at that moment. */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const ended = (row: SessionRow, reason: "logged_out" | "session_ended"): SessionRow => ({
  ...row,
  sessionId: "s2",
  end: { reason, sequence: 2 },
  renewable: false,
  access: {},
  tokens: null,
});

/** Ada is signed in in this tab, and her token is cached. */
async function signedIn(): Promise<{ my: World; auth: AuthManager; row: SessionRow }> {
  const my = world();
  const row = goodRow(expiredRow());
  await remember(my, row);
  const auth = my.tab();
  auth.start();
  expect(await auth.getToken()).toBe("at1");
  return { my, auth, row };
}

/** Makes the next `times` reads of both stores fail. */
function failReads({ store, users }: World, times = 1): void {
  for (let n = 0; n < times; n++) {
    vi.spyOn(store, "get").mockRejectedValueOnce(new StorageError("gone"));
    vi.spyOn(users, "getActive").mockRejectedValueOnce(new StorageError("gone"));
  }
}

const say = ({ channel }: World, news: TabNews) =>
  channel.post({ protocol: 2, key: ADA, from: "another tab", sessionId: "s2", ...news });

describe("B8: while the store fails", () => {
  test.for<TabNews>([
    { type: "user", what: "logout" },
    { type: "user", what: "forget" },
  ])("B8: $what in another tab removes the token from this tab", async (news) => {
    const { my, auth, row } = await signedIn();
    await my.store.update(KEY, () =>
      "what" in news && news.what === "forget" ? undefined : ended(row, "logged_out"),
    );
    failReads(my);
    say(my, news);
    await settle();
    expect(auth.state).toMatchObject({ status: "anonymous" });
    vi.restoreAllMocks();
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
    expect(await auth.getUser()).toBeUndefined();
  });

  test("B8: a call at the same time as the message does not get the token either", async () => {
    const { my, auth, row } = await signedIn();
    await my.store.update(KEY, () => ended(row, "logged_out"));
    let failed: unknown;
    my.channel.listen(() => {
      failReads(my, 3);
      auth.getToken({ prompt: "none" }).catch((error: unknown) => (failed = error));
    });
    say(my, { type: "user", what: "logout" });
    await settle();
    expect(failed).toMatchObject({ code: "storage" });
  });

  test("B8: a session that the server ended returns no token, and the next call reads the reason", async () => {
    const { my, auth, row } = await signedIn();
    await my.store.update(KEY, () => ended(row, "session_ended"));
    failReads(my);
    say(my, { type: "ended", reason: "session_ended", sequence: 2 });
    await settle();
    vi.restoreAllMocks();
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({
      code: "refresh_token",
      reason: "session_ended",
    });
    expect(auth.state).toMatchObject({ status: "expired", reason: "session_ended" });
  });

  test("B8: a page that resumes reads its session again at the next call", async () => {
    const { my, auth, row } = await signedIn();
    // The page was frozen and received no message.
    await my.store.update(KEY, () => ended(row, "logged_out"));
    failReads(my);
    my.page.wake();
    await settle();
    vi.restoreAllMocks();
    expect(await auth.getUser()).toBeUndefined();
    expect(auth.state).toMatchObject({ status: "anonymous" });
  });

  test("B8: a page that resumes and cannot read has its session again once the store can be read", async () => {
    const { my, auth } = await signedIn();
    failReads(my, 2);
    my.page.wake();
    await settle();
    await expect(auth.getToken()).rejects.toMatchObject({ code: "storage" });
    vi.restoreAllMocks();
    expect(await auth.getToken()).toBe("at1");
    expect(auth.state.status).toBe("authenticated");
  });

  test("B8: a newer token of another tab does not remove the cached one", async () => {
    const { my, auth } = await signedIn();
    failReads(my);
    say(my, { type: "done", generation: 9, sequence: 9, target: '["","",""]' });
    await settle();
    expect(await auth.getToken()).toBe("at1");
  });
});
