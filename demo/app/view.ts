import type { AuthState } from "../../src/index.ts";
import { element, setText } from "./element.ts";
import { problemOf, type Problem } from "./problem.ts";

type Authenticated = Extract<AuthState, { status: "authenticated" }>;

const REASONS = {
  invalid_grant: "The server ended it.",
  lost_response:
    "An answer of the server was lost on the way, and the old token cannot be used again.",
  id_token: "The server's answer could not be trusted.",
} as const;

const ORIGINS = { "this-tab": "This tab", "other-tab": "Another tab", stored: "Storage" } as const;

/** Shows the parts of the page that belong to a state. */
export function show(state: AuthState): void {
  element("content").dataset["status"] = state.status;
  for (const part of document.querySelectorAll<HTMLElement>("[data-for]")) {
    part.hidden = part.dataset["for"] !== state.status;
  }
  // Its place depends on what is above it: shown too early it would jump.
  element("activity-card").hidden = state.status === "loading" || state.status === "authenticating";
  if (state.status === "authenticated") showPerson(state);
  if (state.status === "expired") {
    const name = state.user?.name;
    setText(
      "expired-text",
      `${REASONS[state.reason]} ${name ? `Sign in as ${name} to go on.` : "Sign in to go on."}`,
    );
  }
  if (state.status === "anonymous" && state.error)
    notify("You are not signed in.", problemOf(state.error));
  else if (state.status !== "loading") notify();
}

function showPerson({ user, token, freshness }: Authenticated): void {
  setText("person-name", user.name ?? user.sub);
  setText("person-email", user.email ?? "");
  const picture = element("person-picture");
  if (user.picture) picture.setAttribute("src", user.picture);
  picture.toggleAttribute("hidden", !user.picture);

  element("token-title").closest("section")?.setAttribute("data-freshness", freshness);
  const isOver = token.expiresAt <= Date.now();
  setText(
    "freshness",
    freshness === "stale" ? "Stale, trying again" : isOver ? "Renewing" : "Fresh",
  );
  setText("origin", ORIGINS[token.origin]);
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

/** The ring: how much of the token's life is left. */
export function showLife(secondsLeft: number, lifetime: number): void {
  if (secondsLeft <= 0 && element("freshness").textContent === "Fresh")
    setText("freshness", "Renewing");
  setText("seconds", String(Math.max(0, Math.ceil(secondsLeft))));
  const percent = Math.max(0, Math.min(100, (100 * secondsLeft) / lifetime));
  element("ring").setAttribute("stroke-dasharray", `${percent} 100`);
}

/** Without arguments: takes the notice away. */
export function notify(title?: string, problem?: Problem): void {
  const notice = element("notice");
  notice.hidden = title === undefined;
  notice.dataset["tone"] = problem?.tone ?? "neutral";
  setText("notice-title", title ?? "");
  setText("notice-text", problem?.text ?? "");
}

/** The dl of an API's answer. */
export function showAnswer(facts: Readonly<Record<string, string>>): void {
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
