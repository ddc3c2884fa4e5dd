import type { AuthState } from "../../src/index.ts";
import { element, elementOf, setText } from "./element.ts";
import { problemOf, type Problem } from "./problem.ts";
import type { Way } from "./sign-in.ts";
import { WORKER } from "./who.ts";

type Authenticated = Extract<AuthState, { status: "authenticated" }>;

const REASONS = {
  session_ended: "The server ended it.",
  lost_response: "A response of the server was lost, and the old token cannot be used again.",
  id_token: "The server's response was not valid.",
  user_needed: "The server requires a new sign-in.",
  not_renewable: "The server allows no longer session for this app.",
} as const;

const NEWS_MS = 2000;

/** Shows the parts of the page that belong to a state. `by`: the tab that caused the state, if it is known. */
export function show(state: AuthState, way: Way, by: string | undefined): void {
  element("content").dataset["status"] = state.status;
  for (const part of document.querySelectorAll<HTMLElement>("[data-for]")) {
    const { for: status, way: only = way } = part.dataset;
    part.hidden = status !== state.status || only !== way;
  }
  // Shown last, because its position depends on the parts above it: otherwise it would jump.
  element("activity-card").hidden = state.status === "loading" || state.status === "authenticating";
  if (state.status === "authenticated") {
    showUser(state);
    showOrigin(by);
  }
  if (state.status === "expired") {
    const name = state.user?.name;
    setText(
      "expired-text",
      `${REASONS[state.reason]} ${name ? `Sign in as ${name} to go on.` : "Sign in to go on."}`,
    );
  }
  if (state.status === "anonymous" && state.error)
    notify("You are not signed in.", problemOf(state.error, way));
  else if (state.status !== "loading") notify();
}

function showUser({ user, token, freshness }: Authenticated): void {
  setText("user-name", user.name ?? user.sub);
  setText("user-email", user.email ?? "");
  elementOf("latchkey-avatar").user = user;

  element("token-card").dataset["freshness"] = freshness;
  const isExpired = token.expiresAt <= Date.now();
  setText(
    "freshness",
    freshness === "stale" ? "Stale, trying again" : isExpired ? "Renewing" : "Fresh",
  );
  setText("expires-at", new Date(token.expiresAt).toLocaleTimeString("en-GB"));
  const scope = element("scope");
  if (scope.textContent !== token.scope.join("")) {
    scope.replaceChildren(
      ...token.scope.map((name) => {
        const chip = document.createElement("li");
        chip.textContent = name;
        return chip;
      }),
    );
  }
}

/** Shows where the token was requested. `by`: the tab or the worker, if it is known. */
export function showOrigin(by: string | undefined): void {
  const place = by?.startsWith(WORKER) ? WORKER : by;
  setText("origin", place === undefined ? "Storage" : capital(place));
  element("origin").classList.toggle("pill", by?.startsWith("Tab ") === true);
}

let unmark: (() => void) | undefined;

/** Highlights a change that another tab caused. `line`: the line of the activity list that describes the change. */
export function markNews(line: Element | null): void {
  unmark?.();
  const parts = [element("token-card"), ...(line ? [line] : [])];
  const mark = (isNew: boolean): void => {
    for (const part of parts) part.toggleAttribute("data-news", isNew);
  };
  const timer = setTimeout(mark, NEWS_MS, false);
  unmark = () => {
    clearTimeout(timer);
    mark(false);
  };
  mark(true);
}

/** Tells the user which tab logged out. */
export function showSignedOut(by: string): void {
  notify("You are signed out.", {
    text: `${capital(by)} signed out, and so did every other tab.`,
    tone: "neutral",
  });
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Shows the token's remaining lifetime as a ring. Both arguments are in seconds. */
export function showLifetime(secondsLeft: number, lifetime: number): void {
  if (secondsLeft <= 0 && element("freshness").textContent === "Fresh")
    setText("freshness", "Renewing");
  setText("seconds", String(Math.max(0, Math.ceil(secondsLeft))));
  const percent = Math.max(0, Math.min(100, (100 * secondsLeft) / lifetime));
  element("ring").setAttribute("stroke-dasharray", `${percent} 100`);
}

/** Shows a notice. Without arguments: hides the notice. */
export function notify(title?: string, problem?: Pick<Problem, "text" | "tone">): void {
  const notice = element("notice");
  notice.hidden = title === undefined;
  notice.dataset["tone"] = problem?.tone ?? "neutral";
  setText("notice-title", title ?? "");
  setText("notice-text", problem?.text ?? "");
}

/** Shows the API's response as a list. */
export function showResponse(facts: Readonly<Record<string, string>>): void {
  const list = document.createElement("dl");
  list.className = "facts";
  for (const [name, value] of Object.entries(facts)) {
    const row = document.createElement("div");
    const term = document.createElement("dt");
    const detail = document.createElement("dd");
    term.textContent = name;
    detail.textContent = value;
    row.append(term, detail);
    list.append(row);
  }
  const output = element("api-answer");
  output.removeAttribute("data-empty");
  output.replaceChildren(list);
}
