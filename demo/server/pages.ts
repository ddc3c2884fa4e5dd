import { Html, html } from "./html.ts";
import type { DemoUser } from "./users.ts";

const MARK = html`<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" class="mark">
  <path
    d="M12 3v15M8.5 7h7M5 13.5c0 4 3 7 7 7s7-3 7-7M5 13.5l-1.6 2.4M5 13.5l2.4 1.7M19 13.5l1.6 2.4M19 13.5l-2.4 1.7"
  />
  <circle cx="12" cy="3.6" r="1.7" />
</svg>`;

const SIGNS = {
  good: html`<svg viewBox="0 0 48 48" width="48" height="48" aria-hidden="true" class="sign good">
    <circle cx="24" cy="24" r="24" />
    <path d="M15 24.5l6.5 6.5L33.5 18" />
  </svg>`,
  bad: html`<svg viewBox="0 0 48 48" width="48" height="48" aria-hidden="true" class="sign bad">
    <circle cx="24" cy="24" r="24" />
    <path d="M17 17l14 14M31 17L17 31" />
  </svg>`,
};

export function page(title: string, content: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${title} · Harbor</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/pages.css" />
      </head>
      <body>
        <main class="card">
          <p class="brand">${MARK}<span>Harbor</span></p>
          ${content}
        </main>
        <footer class="foot">
          A sample identity provider that runs on this machine. There are no passwords.
        </footer>
      </body>
    </html>`.text;
}

export interface LoginPage {
  readonly uid: string;
  readonly client: string;
  readonly users: readonly DemoUser[];
  readonly hinted: DemoUser | undefined;
  readonly current: DemoUser | undefined;
}

export function loginPage({ uid, client, users, hinted, current }: LoginPage): string {
  const first = hinted ?? current;
  const sorted = first ? [first, ...users.filter((user) => user !== first)] : users;
  return page(
    "Sign in",
    html`<h1>Who are you?</h1>
      <p class="lead">to continue to <strong>${client}</strong></p>
      <form method="post" action="/interaction/${uid}" class="users">
        ${sorted.map(
          (user) =>
            html`<button
              name="user"
              value="${user.sub}"
              class="user"
              ${user === first ? new Html("autofocus") : ""}
            >
              <img src="/users/${user.sub}.svg" alt="" width="44" height="44" />
              <span class="who"><b>${user.name}</b><span>${user.email}</span></span>
              ${user === first ? html`<span class="tag">${user === hinted ? "Suggested" : "Signed in"}</span>` : ""}
            </button>`,
        )}
      </form>
      <p class="actions"><a href="/interaction/${uid}/cancel">Cancel and go back</a></p>`,
  );
}

export function logoutPage(form: string, user: DemoUser | undefined): string {
  return page(
    "Sign out",
    html`<h1>Sign out of Harbor?</h1>
      <p class="lead">${user ? html`You are signed in as <strong>${user.name}</strong>.` : ""}</p>
      ${new Html(form)}
      <p class="buttons">
        <button form="op.logoutForm" name="logout" value="yes" class="primary" autofocus>
          Sign out
        </button>
        <button form="op.logoutForm" class="quiet">Stay signed in</button>
      </p>`,
  );
}

/** The client's ID token hint names the user that is logged in, so the user is not asked again. */
export function logoutAtOncePage(form: string): string {
  return page(
    "Signing out",
    html`<h1>Signing out…</h1>
      ${new Html(form)}
      <p class="buttons">
        <button form="op.logoutForm" name="logout" value="yes" class="primary" data-press>
          Continue
        </button>
      </p>
      <script src="/assets/press.js"></script>`,
  );
}

/** A page with a final message. `sign`: its icon. */
export function noticePage(title: string, text: string, sign?: "good" | "bad"): string {
  return page(
    title,
    html`${sign && SIGNS[sign]}
      <h1>${title}</h1>
      <p class="lead last">${text}</p>`,
  );
}
