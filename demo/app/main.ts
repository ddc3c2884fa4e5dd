import { Activity, describe } from "./activity.ts";
import { auth } from "./auth.ts";
import { element, elementOf, setText } from "./element.ts";
import { forgetAction, keepFocus, rememberAction } from "./focus.ts";
import { UsersCard } from "./users-card.ts";
import { usersChanged } from "./users-news.ts";
import { problemOf } from "./problem.ts";
import { users as picker } from "./prompts.ts";
import { cueScrolling } from "./scroll-cue.ts";
import { SignIn } from "./sign-in.ts";
import { tabName } from "./tab-name.ts";
import { leaveWord, onWord } from "./tab-word.ts";
import { patience, TokenLifetime } from "./token-lifetime.ts";
import { markNews, notify, show, showResponse, showOrigin, showSignedOut } from "./view.ts";
import { ANOTHER, isNews, THIS, whoBrought } from "./who.ts";
import {
  NoTokenError,
  PopupBlockedError,
  RefreshTokenError,
  type AuthState,
  type LogoutResult,
} from "../../src/index.ts";

const CALLBACK = "/callback";

const name = tabName();
const signIn = new SignIn(auth);
const life = new TokenLifetime(auth);
const users = new UsersCard(
  auth,
  {
    switchTo: (sub) => auth.switchUser(sub),
    signIn: (sub) => signIn.start("window", sub),
    // Of one account: the provider, where another person may be signed in, is not asked.
    logout: (sub) => logout(() => auth.logout({ user: sub, endSession: "none" })),
    forget: (sub) => logout(() => auth.forget(sub)),
  },
  tell,
);
const activity = new Activity(element("activity"));
let shown: AuthState = { status: "loading" };
/** The tab that brought what is shown. */
let by: string | undefined;

function update(): void {
  const { state } = auth;
  const { way } = signIn;
  const news = isNews(shown, state);
  if (news) by = whoBrought(state, name);
  const line = describe(shown, state, { way, by, isBack: location.pathname === CALLBACK });
  if (line !== undefined) activity.add(line);
  shown = state;
  keepFocus(state.status, () => {
    show(state, way, by);
    users.show();
  });
  void users.load();
  life.follow(state);
  if (news) broadcastNews(state);
}

/** Between the tabs: what this one did, or what another one did to it. */
function broadcastNews(state: AuthState): void {
  if (state.status === "authenticated" && state.token.origin === "this-tab") {
    leaveWord({ tab: name, did: state.token.expiresAt });
  }
  if (by === undefined || by === THIS) return;
  // The person came in by another tab.
  signIn.leave();
  markNews(activity.newest);
  if (state.status === "anonymous") showSignedOut(by);
}

onWord(() => {
  if (by !== ANOTHER) return;
  by = whoBrought(shown, name);
  if (by === undefined || by === ANOTHER) return;
  activity.amend(ANOTHER, by);
  if (shown.status === "authenticated") showOrigin(by);
  if (shown.status === "anonymous") showSignedOut(by);
});

/** Of a double click: it is meant for what was in this place before. */
const isSecondHalf = ({ detail }: MouseEvent): boolean => detail > 1;

/** Runs one thing at a time per button and shows what goes wrong. */
function onClick(id: string, action: (event: MouseEvent) => Promise<unknown>): void {
  const button = element(id);
  button.addEventListener("click", (event) => {
    if (button.ariaBusy === "true" || isSecondHalf(event)) return;
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
  if (error instanceof DOMException && error.name === "AbortError") {
    if (state.status !== "authenticated") activity.add("left the sign-in");
    return;
  }
  if (state.status === "anonymous" && state.error === error) return;
  const needsUser = error instanceof RefreshTokenError || error instanceof NoTokenError;
  if (state.status === "expired" && needsUser) return;
  const problem = problemOf(error, signIn.way);
  activity.add(problem.line);
  const isIn = state.status === "authenticated";
  notify(isIn ? "That did not work." : "You are not signed in.", problem);
  if (error instanceof PopupBlockedError) {
    element(state.status === "expired" ? "sign-in-again-page" : "sign-in-page").focus();
  }
}

/** Leaves word, so that other tabs can tell who did it. */
function logout(act: () => Promise<LogoutResult>): Promise<LogoutResult> {
  leaveWord({ tab: name, did: "sign-out" });
  return act().finally(usersChanged);
}

function offer(id: string, way: "window" | "page"): void {
  onClick(id, (event) => {
    if (way === "page") rememberAction(event);
    return signIn.start(way, shown.status === "expired" ? shown.user?.sub : undefined);
  });
}

offer("sign-in", "window");
offer("sign-in-page", "page");
offer("sign-in-again", "window");
offer("sign-in-again-page", "page");
element("cancel").addEventListener("click", (event) => {
  if (!isSecondHalf(event)) signIn.leave();
});
element("dismiss").addEventListener("click", () => {
  notify();
  element("content").focus();
});
onClick("sign-out", (event) => {
  rememberAction(event);
  return logout(() => auth.logout());
});
for (const id of ["choose", "choose-account", "menu-choose"]) onClick(id, () => signIn.choose());
for (const id of ["everywhere", "menu-everywhere"])
  onClick(id, () => logout(() => auth.logoutAll()));
// The attempt goes on when a person has waited long enough to be told.
onClick("renew", () => auth.getToken({ cache: "reload", prompt: "none", signal: patience() }));
onClick("call-api", async () => {
  const response = await auth.fetch("/api/me", { signal: patience() });
  const body = (await response.json()) as Record<string, unknown>;
  activity.add(`API answered ${response.status}`);
  showResponse({
    Status: String(response.status),
    ...(response.ok && {
      ShownUser: String(body["name"]),
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

setText("tab-name", name);
document.title = `${name} · Latchkey demo`;
cueScrolling(element("activity-scroll"), element("activity"));

picker.userAgent = signIn.userAgent(update);
const button = elementOf("latchkey-button");
button.auth = {
  get state() {
    return auth.state;
  },
  subscribe: (listener) => auth.subscribe(listener),
  login: ({ loginHint } = {}) => signIn.start("window", loginHint),
  logout: () => logout(() => auth.logout()),
};
button.addEventListener("latchkey-error", (event) => tell((event as CustomEvent<unknown>).detail));

// Nothing moves for a list that comes late. After a login it would wait for the answer, which the page is to say.
if (location.pathname !== CALLBACK) await users.load();
auth.subscribe(update);
update();
if (location.pathname === CALLBACK) void finishLogin();
