import { logIn, openApp, stateOf, startLogin, until } from "../app.ts";
import { holds, lacks, must, metadataOf, type Row } from "../row.ts";
import { ADA } from "../server.ts";

/** What remains after a logout. */
export const LOGOUTS: readonly Row[] = [
  {
    id: "logout",
    title: "logout here and at the server",
    async run(bench) {
      const { page } = await loggedOut(bench);
      const state = await stateOf(page);
      must(state.status === "anonymous" && state.reason === "logged_out", JSON.stringify(state));
      await Promise.all([page.waitForNavigation(), startLogin(page)]);
      const asks = await page
        .waitForSelector(bench.server.pages.user, { visible: true, timeout: 10_000 })
        .then(
          () => true,
          () => false,
        );
      if (asks) return holds();
      const { end_session_endpoint: endpoint } = await metadataOf(bench);
      must(
        !endpoint,
        "the server has an end-session endpoint, and the next login asks for nothing",
      );
      return lacks("it has no end-session endpoint: the next login asks for nothing");
    },
  },
  {
    id: "logout-revokes",
    title: "refresh token useless after logout",
    async run(bench) {
      const { tokens } = await loggedOut(bench);
      const refresh = tokens.findLast(({ refresh_token }) => refresh_token)?.refresh_token;
      if (!refresh) return lacks("it gives this client no refresh token");
      const { token_endpoint: endpoint, revocation_endpoint: revocation } = await metadataOf(bench);
      const body = new URLSearchParams({
        grant_type: "refresh_token",
        refresh_token: refresh,
        client_id: bench.server.config.clientId!,
      });
      const response = await fetch(endpoint as string, {
        method: "POST",
        body,
        headers: { Origin: bench.site.origin },
      });
      if (!response.ok) {
        must([400, 401].includes(response.status), `the token endpoint: ${response.status}`);
        return holds();
      }
      must(!revocation, "the server has a revocation endpoint, and the refresh token still works");
      return lacks("it has no revocation endpoint: the refresh token lives on");
    },
  },
];

/** Logs Ada in and out, and waits until the app is back. */
async function loggedOut(bench: Parameters<Row["run"]>[0]) {
  const app = await openApp(bench, {
    config: { postLogoutRedirectUri: bench.server.config.postLogoutRedirectUri ?? "/bare/" },
  });
  const { page } = app;
  await logIn(bench, app, ADA);
  await Promise.all([
    page.waitForNavigation({ timeout: 15_000 }).catch(() => {}),
    page.evaluate(() => void window.auth.logout().catch(() => {})),
  ]);
  const { logOut } = bench.server.pages;
  if (logOut && !page.url().startsWith(bench.site.origin)) {
    await page.waitForSelector(logOut, { visible: true, timeout: 10_000 });
    await Promise.all([page.waitForNavigation(), page.click(logOut)]);
  }
  const isBack = () => page.url().startsWith(bench.site.origin);
  for (let tries = 0; tries < 30 && !isBack(); tries++)
    await new Promise((r) => setTimeout(r, 100));
  if (!isBack()) await page.goto(`${bench.site.origin}/bare/`);
  await until(page, "anonymous");
  return app;
}
