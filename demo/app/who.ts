import type { AuthState } from "../../src/index.ts";
import { whoDid } from "./tab-word.ts";

export const THIS = "this tab";
/** The shared worker, which refreshes for all tabs. */
export const WORKER = "the shared worker";
/** The name of another tab until its own name is known. */
export const ANOTHER = "another tab";

/** Whether a login, a logout or a new token, in any tab, lies between two states. */
export function isNews(before: AuthState, now: AuthState): boolean {
  if (now.status === "anonymous") return before.status === "authenticated" && !now.error;
  if (now.status !== "authenticated") return false;
  return (
    before.status !== "authenticated" ||
    before.user.sub !== now.user.sub ||
    before.token.expiresAt !== now.token.expiresAt
  );
}

/** Who caused `state`: a tab or the worker. `here`: this tab's name. Undefined if the tab found the state when it opened. */
export function whoBrought(state: AuthState, here: string): string | undefined {
  if (state.status === "authenticated") {
    const { origin, expiresAt } = state.token;
    if (origin === "this-tab") return THIS;
    if (origin === "worker") return WORKER;
    return origin === "stored" ? undefined : (whoDid(expiresAt) ?? ANOTHER);
  }
  const name = whoDid("sign-out");
  return name === here ? THIS : (name ?? ANOTHER);
}
