import { AuthError, createAuth } from "../../src/index.ts";
import type { AnyAuthError, AuthState } from "../../src/index.ts";
import { Activity, describe } from "./activity.ts";
import { element, setText } from "./element.ts";
import { tabName } from "./tab-name.ts";
import { explain, notify, show, showAnswer, showLife } from "./view.ts";

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
  show(state);
  tick();
}

/** The server says when a token ends, not when it began: a full ring is the most that was ever left. */
function lifetimeOf(expiresAt: number): number {
  const left = (expiresAt - Date.now()) / 1000;
  const longest = Math.max(1, left, Number(localStorage.getItem("demo/lifetime")));
  localStorage.setItem("demo/lifetime", String(longest));
  return longest;
}

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
    await auth.getToken({ prompt: "none", signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    // The state says what became of it; an attempt that was not waited for goes on, and the next call joins it.
    askAgainAt = Date.now() + RETRY_MS;
  } finally {
    asking = false;
  }
}

/** Runs one thing at a time per button and shows what goes wrong. */
function onClick(id: string, action: () => Promise<unknown>): void {
  const button = element(id);
  button.addEventListener("click", () => {
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    action()
      .catch((error: unknown) => {
        // The page says it already.
        if (auth.state.status === "expired") return;
        activity.add(`failed: ${error instanceof Error ? error.message : String(error)}`);
        notify(
          "That did not work.",
          error instanceof AuthError ? explain(error as AnyAuthError) : "Try again.",
        );
      })
      .finally(() => {
        button.ariaBusy = null;
      });
  });
}

onClick("sign-in", () => auth.login({ returnTo: "/" }));
onClick("sign-in-again", () => {
  const known = shown.status === "expired" ? shown.user : undefined;
  return auth.login({ returnTo: "/", ...(known && { loginHint: known.sub }) });
});
onClick("sign-out", () => auth.signOut());
onClick("renew", () => auth.getToken({ cache: "reload", prompt: "none" }));
onClick("call-api", async () => {
  const response = await auth.fetch("/api/me");
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
  } catch {
    // The state has the error; the address must not keep a response that was used.
    history.replaceState(null, "", "/");
  }
}

const name = tabName();
setText("tab-name", name);
document.title = `${name} · Latchkey demo`;

auth.subscribe(update);
update();
setInterval(tick, 250);
if (location.pathname === CALLBACK) void finishLogin();
