import type { Way } from "./sign-in.ts";
import { AuthError, type AnyAuthError } from "../../src/index.ts";

/** An error in words for the user. The error's own message is for developers. */
export interface Problem {
  readonly text: string;
  /** Text for the activity list. */
  readonly line: string;
  /** `neutral`: the user's own decision. */
  readonly tone: "problem" | "neutral";
}

/** Describes an error for the user. `way`: how the last login was started. */
export function problemOf(error: unknown, way: Way): Problem {
  const known = error instanceof AuthError ? (error as AnyAuthError) : undefined;
  if (known?.code === "popup_blocked") {
    return {
      text: "Your browser did not open the window. Sign in with a redirect, or allow windows for this site.",
      line: "failed: the browser did not open the window",
      tone: "problem",
    };
  }
  if (known?.code === "cancelled" && way === "window") {
    return {
      text: "You closed the window. Nothing was changed.",
      line: "closed the sign-in window",
      tone: "neutral",
    };
  }
  if (known?.code === "cancelled" && way === "picker") {
    return { text: "You chose no account.", line: "chose no account", tone: "neutral" };
  }
  if (known && isTurningBack(known)) {
    return {
      text: "You came back without choosing an account.",
      line: "came back without choosing an account",
      tone: "neutral",
    };
  }
  if (isOffline(error, known)) {
    return { text: "You are offline.", line: "failed: you are offline", tone: "problem" };
  }
  if (known?.retryable === true || isImpatience(error)) {
    const text = "The server did not respond. Try again in a moment.";
    return { text, line: `failed: ${known?.message ?? "no response yet"}`, tone: "problem" };
  }
  return {
    text: known ? `${known.message}. ${known.hint}` : "Try again.",
    line: `failed: ${error instanceof Error ? error.message : String(error)}`,
    tone: "problem",
  };
}

function isTurningBack(error: AnyAuthError): boolean {
  return (
    error.code === "cancelled" ||
    (error.code === "authorization" && error.error === "access_denied")
  );
}

function isOffline(error: unknown, known: AnyAuthError | undefined): boolean {
  // `fetch` throws a TypeError without a response. Latchkey's own requests turn it into a NetworkError.
  if (error instanceof TypeError || known?.code === "network") return true;
  return (known?.retryable === true || isImpatience(error)) && !navigator.onLine;
}

function isImpatience(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}
