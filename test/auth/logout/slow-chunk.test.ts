import { expect, test, vi } from "vitest";
import type { AuthManager } from "../../../src/auth/auth-manager.ts";
import { ADA, expiredRow, KEY, settle } from "../../refresh/tabs.ts";
import { goodRow, remember, world } from "../fixture.ts";

/** The code that tells the server of a logout arrives when the test calls `arrive()`. */
const chunk = vi.hoisted(() => {
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  return { arrived, arrive };
});
vi.mock("../../../src/auth/logout/server-logout.ts", async (original) => {
  await chunk.arrived;
  return original();
});

type Logout = (auth: AuthManager) => Promise<unknown>;
const parameters = { ui_locales: "de" };
const calls: readonly [name: string, reason: string, call: Logout][] = [
  ["logout()", "logged_out", (auth) => auth.logout()],
  ["logout({ parameters })", "logged_out", (auth) => auth.logout({ parameters })],
  ["forget()", "forgotten", (auth) => auth.forget(ADA)],
  ["logoutAll({ parameters })", "logged_out", (auth) => auth.logoutAll({ parameters })],
];

/** The calls that wait for the chunk. */
const results: {
  name: string;
  reason: string;
  states: string[];
  result: Promise<unknown>;
  endSession: ReturnType<typeof vi.fn>;
}[] = [];

test("B5: a logout deletes the session before a slow chunk has arrived", async () => {
  for (const [name, reason, call] of calls) {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    auth.start();
    await settle();
    const endSession = vi.spyOn(my.server, "endSession");
    const states: string[] = [];
    auth.subscribe(() => states.push("reason" in auth.state ? auth.state.reason : ""));
    const result = call(auth);
    await vi.waitFor(() => expect(auth.state.status, name).toBe("anonymous"));
    expect((await my.store.get(KEY))?.end?.reason, name).toBe("logged_out");
    results.push({ name, reason, states, result, endSession });
  }
  chunk.arrive();
  for (const { name, reason, states, result, endSession } of results) {
    expect(await result, name).toEqual({ server: "told" });
    expect(states, name).toEqual([reason]);
    expect(endSession, name).toHaveBeenCalledTimes(1);
  }
});
