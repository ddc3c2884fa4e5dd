import { element, setText } from "./element.ts";
import { tvAuth as auth } from "./tv-auth.ts";
import { DeviceCodeError, type AuthState } from "../../src/index.ts";

const KEY = "demo/tv-waits";

const REASONS: Partial<Record<DeviceCodeError["reason"], string>> = {
  access_denied: "The request was declined on the other device.",
  expired_token: "The code expired before it was entered.",
};

function show(state: AuthState): void {
  const isIn = state.status === "authenticated";
  const isKnown = isIn || state.status === "anonymous" || state.status === "expired";
  setText("tv-title", isIn ? `Good evening, ${nameOf(state.user)}` : "Good evening");
  setText("tv-text", textOf(state));
  element("content").dataset["status"] = state.status;
  element("tv-sign-in").hidden = isIn || !isKnown;
  element("tv-sign-out").hidden = !isIn;
}

function nameOf({ name, sub }: { name?: string; sub: string }): string {
  return name?.split(" ")[0] ?? sub;
}

function textOf(state: AuthState): string {
  switch (state.status) {
    case "loading":
      return "One moment…";
    case "authenticating":
      return "Continue on your phone.";
    case "authenticated":
      return `This screen is signed in as ${state.user.email ?? state.user.sub}. No password was typed on it.`;
    case "expired":
      return "The session on this screen ended. Sign in again with your phone.";
    case "anonymous": {
      const reason = state.error instanceof DeviceCodeError && REASONS[state.error.reason];
      return reason || "Sign in to see your programmes.";
    }
    case "unavailable":
      return state.error.message;
    default:
      return state satisfies never;
  }
}

/** Runs a login. The mark in `sessionStorage` lets a reloaded page continue the login with the same code. */
async function signIn(): Promise<void> {
  sessionStorage.setItem(KEY, "yes");
  try {
    await auth.login();
  } catch {
    // The state holds the error.
  } finally {
    sessionStorage.removeItem(KEY);
  }
}

function update(): void {
  const cached = document.activeElement;
  show(auth.state);
  // The button with the focus is hidden now.
  if (cached && !cached.checkVisibility()) element("tv-title").focus();
}

element("tv-sign-in").addEventListener("click", () => void signIn());
element("tv-sign-out").addEventListener("click", () => void auth.logout({ endSession: "none" }));

auth.subscribe(update);
update();
if (sessionStorage.getItem(KEY) !== null) void signIn();
