import { Activity, describe } from "./activity.ts";
import { auth } from "./auth.ts";
import { callApi } from "./call-api.ts";
import { confirmForget } from "./confirm-forget.ts";
import { element, elementOf, setText } from "./element.ts";
import { forgetAction, keepFocus, rememberAction } from "./focus.ts";
import { UsersCard } from "./users-card.ts";
import { usersChanged } from "./users-news.ts";
import { problemOf } from "./problem.ts";
import { popupLabels } from "./popup-labels.ts";
import { rememberPlace, users as picker } from "./prompts.ts";
import { cueScrolling } from "./scroll-cue.ts";
import { SignIn } from "./sign-in.ts";
import { forget, noteServerUser, signOut, signOutAll, type LogoutNews } from "./sign-out.ts";
import { tabName } from "./tab-name.ts";
import { leaveWord, onWord } from "./tab-word.ts";
import { patience, TokenLifetime } from "./token-lifetime.ts";
import { markNews, notify, show, showOrigin, showSignedOut } from "./view.ts";
import { ANOTHER, isNews, THIS, whoBrought, WORKER } from "./who.ts";
import {
  NoTokenError,
  PopupBlockedError,
  RefreshTokenError,
  type AuthState,
} from "../../src/index.ts";

const CALLBACK = "/callback";

const name = tabName();
const signIn = new SignIn(auth);
const lifetime = new TokenLifetime(auth);
const users = new UsersCard(
  auth,
  {
    switchTo: ({ sub }) => auth.switchUser(sub),
    signIn: ({ sub }) => signIn.start("window", sub),
    logout: (user) => logout(() => signOut(auth, user)),
    forget: async (user) => {
      if (await confirmForget(user.name ?? user.sub)) await logout(() => forget(auth, user));
    },
  },
  tell,
);
const activity = new Activity(element("activity"));
let shown: AuthState = { status: "loading", since: 0 };
/** Who caused the shown state: a tab, or the worker. */
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
  lifetime.follow(state);
  if (news) broadcastNews(state);
}

/** Tells other tabs that this tab got a token, and shows the user that another tab caused a change. */
function broadcastNews(state: AuthState): void {
  if (state.status === "authenticated" && (by === THIS || by === WORKER)) {
    leaveWord({ tab: by === WORKER ? `${WORKER} for ${name}` : name, did: state.token.expiresAt });
  }
  if (by === undefined || by === THIS || by === WORKER) return;
  // The user logged in or out in another tab, so this tab's login is no longer needed.
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

/** The second click of a double click: the user meant the button that was in this place before. */
const isSecondHalf = ({ detail }: MouseEvent): boolean => detail > 1;

/** Runs one action at a time per button and shows its error. */
function onClick(id: string, action: (event: MouseEvent) => Promise<unknown>): void {
  const button = element(id);
  button.addEventListener("click", (event) => {
    if (button.ariaBusy === "true" || isSecondHalf(event)) return;
    button.ariaBusy = "true";
    notify();
    action(event)
      .catch(tell)
      .finally(() => {
        button.ariaBusy = null;
      });
  });
}

/** Shows an error, unless the state shows it already. */
function tell(error: unknown): void {
  forgetAction();
  rememberPlace.close();
  const { state } = auth;
  if (error instanceof DOMException && error.name === "AbortError") {
    if (state.status !== "authenticated") activity.add("cancelled the sign-in");
    return;
  }
  if (state.status === "anonymous" && state.error === error) return;
  const needsUser = error instanceof RefreshTokenError || error instanceof NoTokenError;
  if (state.status === "expired" && needsUser) return;
  const problem = problemOf(error, signIn.way);
  activity.add(problem.line);
  const signedIn = problem.tone === "neutral" ? "Nothing was changed." : "That did not work.";
  notify(state.status === "authenticated" ? signedIn : "You are not signed in.", problem);
  if (error instanceof PopupBlockedError) {
    element(state.status === "expired" ? "sign-in-again-page" : "sign-in-page").focus();
  }
}

/** Logs out and publishes this tab's name, so that other tabs can show which tab logged out. Shows the news, if there is any. */
async function logout(act: () => Promise<LogoutNews | undefined>): Promise<void> {
  leaveWord({ tab: name, did: "sign-out" });
  const news = await act().finally(usersChanged);
  if (news) notify(news.title, { text: news.text, tone: "neutral" });
}

/** Logs out this tab's user, and no other user. */
async function logoutHere(): Promise<void> {
  const { state } = auth;
  if (state.status === "authenticated") await logout(() => signOut(auth, state.user));
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
  return logoutHere();
});
for (const id of ["choose", "choose-account", "menu-choose"]) onClick(id, () => signIn.choose());
for (const id of ["everywhere", "menu-everywhere"])
  onClick(id, () => logout(() => signOutAll(auth)));
// When the user has waited long enough, the button shows a timeout, and the refresh continues.
onClick("renew", () => auth.getToken({ cache: "reload", prompt: "none", signal: patience() }));
onClick("call-api", async () => activity.add(`API returned ${await callApi(auth)}`));

async function finishLogin(): Promise<void> {
  try {
    const result = await auth.handleCallback();
    history.replaceState(null, "", result?.returnTo ?? "/");
  } catch (error) {
    // Remove the used authorization response from the URL.
    history.replaceState(null, "", "/");
    tell(error);
  }
}

setText("tab-name", name);
document.title = `${name} · Latchkey demo`;
cueScrolling(element("activity-scroll"), element("activity"));

picker.userAgent = signIn.userAgent(update);
const button = elementOf("latchkey-button");
button.strings = popupLabels;
button.auth = {
  get state() {
    return auth.state;
  },
  subscribe: (listener) => auth.subscribe(listener),
  login: ({ loginHint } = {}) => signIn.start("window", loginHint),
  logout: () => logoutHere().then(() => ({ server: "told" })),
};
button.addEventListener("latchkey-error", (event) => tell((event as CustomEvent<unknown>).detail));

// Load the list before the first render, so that nothing moves. On the callback page the first render must not wait: `users()`
// would wait for the token response, and the page shows that a login is in progress.
if (location.pathname !== CALLBACK) await users.load();
noteServerUser(auth);
rememberPlace.subscribe(() => {
  element("remember").hidden = !rememberPlace.isOpen();
});
rememberPlace.follow(auth);
auth.subscribe(update);
update();
if (location.pathname === CALLBACK) void finishLogin();
