import type { AuthState } from "../../src/index.ts";
import { whoDid } from "./tab-word.ts";

export const THIS = "this tab";
/** Until its name is known. */
export const ANOTHER = "another tab";

/** Whether somebody, in some tab, signed in, signed out or got a new token. */
export function isNews(before: AuthState, now: AuthState): boolean {
  if (now.status === "anonymous") return before.status === "authenticated" && !now.error;
  if (now.status !== "authenticated") return false;
  return (
    before.status !== "authenticated" ||
    before.user.sub !== now.user.sub ||
    before.token.expiresAt !== now.token.expiresAt
  );
}

/** The tab that brought `state` about, as `here` is to call it. Undefined: it was so when this tab opened. */
export function whoBrought(state: AuthState, here: string): string | undefined {
  if (state.status === "authenticated") {
    const { origin, expiresAt } = state.token;
    if (origin === "this-tab") return THIS;
    return origin === "stored" ? undefined : (whoDid(expiresAt) ?? ANOTHER);
  }
  const name = whoDid("sign-out");
  return name === here ? THIS : (name ?? ANOTHER);
}
