import { sessionKey } from "../../src/core/keys.ts";
import type { SessionRow, TokenRecord } from "../../src/core/session.ts";
import { ADA, CLIENT, expiredRow, DEFAULT_KEY } from "../refresh/tabs.ts";
import { goodRow, world, type World } from "./fixture.ts";

export const GRACE = sessionKey(CLIENT, "grace");

/** A session row of `sub`. Ada's `lastUsedAt` is the later one. */
export function rowOf(sub: string, row: SessionRow = expiredRow()): SessionRow {
  const tokens = row.tokens as TokenRecord;
  return {
    ...row,
    sessionId: `sid-${sub}`,
    remembered: { name: sub, email: `${sub}@example.com`, lastUsedAt: sub === ADA ? 2 : 1 },
    tokens: {
      ...tokens,
      refreshToken: `rt-${sub}`,
      user: { sub, name: sub, email: `${sub}@example.com`, claims: { sub } },
      access: { [DEFAULT_KEY]: { token: `at-${sub}`, tokenType: "Bearer" } },
    },
  };
}

/** A session row of a user who is not remembered. */
export function guest(sub: string): SessionRow {
  const { remembered: _, ...row } = goodRow(rowOf(sub));
  return { ...row, lifetime: "tabs" };
}

/** Stores sessions of Ada and Grace. Ada is the default user. */
export async function two(my: World = world()): Promise<World> {
  for (const sub of ["grace", ADA]) {
    const row = goodRow(rowOf(sub));
    await my.store.update(sessionKey(CLIENT, sub), () => row);
    await my.users.putDefault(sub);
  }
  return my;
}
