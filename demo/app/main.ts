import { createAuth, NoTokenError, RefreshTokenError } from "../../src/index.ts";
import type { AuthState } from "../../src/index.ts";
import { Activity, describe } from "./activity.ts";
import { element, setText } from "./element.ts";
import { forgetAction, keepFocus, rememberAction } from "./focus.ts";
import { problemOf } from "./problem.ts";
import { cueScrolling } from "./scroll-cue.ts";
import { tabName } from "./tab-name.ts";
import { notify, show, showAnswer, showLife } from "./view.ts";

const CALLBACK = "/callback";
const PATIENCE_MS = 4000;
const RETRY_MS = 3000;

const auth = createAuth({
  issuer: document.querySelector<HTMLMetaElement>('meta[name="issuer"]')?.content ?? "",
  clientId: "latchkey-demo",
  redirectUri: CALLBACK,
  postLogoutRedirectUri: "/",
  scope: ["openid", "profile", "email"],
});

const activity = new Activity(element("activity"));
let shown: AuthState = { status: "loading" };
let lifetime = 1;

function update(): void {
  const state = auth.state;
  const line = describe(shown, state, location.pathname === CALLBACK);
  if (line !== undefined) activity.add(line);
  if (state.status === "authenticated") {
    const known =
      shown.status === "authenticated" && shown.token.expiresAt === state.token.expiresAt;
    if (!known) lifetime = lifetimeOf(state.token.expiresAt);
  }
  shown = state;
  keepFocus(state.status, () => show(state));
  tick();
}

/** The server says when a token ends, not when it began: a full ring is the most that was ever left. */
function lifetimeOf(expiresAt: number): number {
  const left = (expiresAt - Date.now()) / 1000;
  const longest = Math.max(1, left, Number(localStorage.getItem("demo/lifetime")));
  localStorage.setItem("demo/lifetime", String(longest));
  return longest;
}

const patience = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS);

let asking = false;
let askAgainAt = 0;

function tick(): void {
  if (shown.status !== "authenticated") return;
  const left = (shown.token.expiresAt - Date.now()) / 1000;
  showLife(left, lifetime);
  if (left <= 0 && !asking && Date.now() >= askAgainAt) void keepToken();
}

/** Every open tab asks when the token has run out, as an app that polls would; Latchkey makes one request of it. */
async function keepToken(): Promise<void> {
  asking = true;
  try {
    await auth.getToken({ prompt: "none", signal: patience() });
  } catch {
    // The state says what became of it; an attempt that was not waited for goes on, and the next call joins it.
    askAgainAt = Date.now() + RETRY_MS;
  } finally {
    asking = false;
  }
}

/** Runs one thing at a time per button and shows what goes wrong. */
function onClick(id: string, action: (event: MouseEvent) => Promise<unknown>): void {
  const button = element(id);
  button.addEventListener("click", (event) => {
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    action(event)
      .then(() => notify(), tell)
      .finally(() => {
        button.ariaBusy = null;
      });
  });
}

/** What went wrong, unless the state has said it already. */
function tell(error: unknown): void {
  forgetAction();
  const { state } = auth;
  if (state.status === "anonymous" && state.error === error) return;
  const needsPerson = error instanceof RefreshTokenError || error instanceof NoTokenError;
  if (state.status === "expired" && needsPerson) return;
  const problem = problemOf(error);
  activity.add(problem.line);
  const isIn = state.status === "authenticated";
  notify(isIn ? "That did not work." : "You are not signed in.", problem);
}

onClick("sign-in", (event) => {
  rememberAction(event);
  return auth.login({ returnTo: "/" });
});
onClick("sign-in-again", (event) => {
  rememberAction(event);
  const known = shown.status === "expired" ? shown.user : undefined;
  return auth.login({ returnTo: "/", ...(known && { loginHint: known.sub }) });
});
onClick("sign-out", (event) => {
  rememberAction(event);
  return auth.signOut();
});
// The attempt goes on when a person has waited long enough to be told.
onClick("renew", () => auth.getToken({ cache: "reload", prompt: "none", signal: patience() }));
onClick("call-api", async () => {
  const response = await auth.fetch("/api/me", { signal: patience() });
  const body = (await response.json()) as Record<string, unknown>;
  activity.add(`API answered ${response.status}`);
  showAnswer({
    Status: String(response.status),
    ...(response.ok && {
      Person: String(body["name"]),
      "Server time": new Date(String(body["serverTime"])).toLocaleTimeString("en-GB"),
      "Token good for": `${String(body["tokenGoodForSeconds"])} s more`,
    }),
  });
});

async function finishLogin(): Promise<void> {
  try {
    const { returnTo = "/" } = await auth.handleCallback();
    history.replaceState(null, "", returnTo);
  } catch (error) {
    // The address must not keep a response that was used.
    history.replaceState(null, "", "/");
    tell(error);
  }
}

const name = tabName();
setText("tab-name", name);
document.title = `${name} · Latchkey demo`;
cueScrolling(element("activity-scroll"), element("activity"));

auth.subscribe(update);
update();
setInterval(tick, 250);
if (location.pathname === CALLBACK) void finishLogin();
