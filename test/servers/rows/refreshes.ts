import { getToken, logIn, openApp, stateOf, until } from "../app.ts";
import { eventually, holds, lacks, must, metadataOf, type Row } from "../row.ts";
import { ADA } from "../server.ts";

const NO_REFRESH_TOKEN = "it gives this client no refresh token";

/** Refreshes in one tab and in several ones, and what the server does to them. */
export const REFRESHES: readonly Row[] = [
  {
    id: "three-tabs",
    title: "one refresh for three tabs",
    async run(bench) {
      const first = await openApp(bench);
      await logIn(bench, first, ADA);
      if (!(await isRenewable(first.page))) return lacks(NO_REFRESH_TOKEN);
      const tabs = [first, await openApp(bench), await openApp(bench)];
      for (const { page } of tabs) await until(page, "authenticated");
      const before = tabs.map((tab) => tab.tokenRequests());
      const old = await getToken(first.page);
      const got = await Promise.all(
        tabs.map(({ page }) => getToken(page, { cache: "reload", refused: old.token })),
      );
      const requests = tabs.reduce((sum, tab, i) => sum + tab.tokenRequests() - before[i]!, 0);
      must(
        got.every(({ token }) => token && token !== old.token),
        JSON.stringify(got),
      );
      must(new Set(got.map(({ token }) => token)).size === 1, "the tabs have different tokens");
      must(requests === 1, `${requests} requests`);
      return holds();
    },
  },
  {
    id: "reload",
    title: "reload during a refresh",
    async run(bench) {
      const app = await openApp(bench);
      await logIn(bench, app, ADA);
      if (!(await isRenewable(app.page))) return lacks(NO_REFRESH_TOKEN);
      const tries = 5;
      let lost = 0;
      for (let time = 0; time < tries && lost === 0; time++) {
        const sent = app.page.waitForRequest((request) => request.method() === "POST");
        await app.page.evaluate(
          () => void window.auth.getToken({ cache: "reload" }).catch(() => {}),
        );
        await sent;
        await app.page.reload();
        await app.page.waitForFunction(() => window.auth && window.auth.state.status !== "loading");
        const { code } = await getToken(app.page, { cache: "reload" });
        const state = await stateOf(app.page);
        if (state.status === "expired") {
          must(
            state.reason === "lost_response" || state.reason === "session_ended",
            `the reason is ${state.reason}`,
          );
          lost++;
        } else if (code === "refresh_token") {
          return lacks(
            "it has no reuse leeway: the next refresh was refused, and a login is needed",
          );
        } else must(code === undefined, `getToken() failed: ${code}`);
      }
      return lost === 0
        ? holds()
        : lacks("it has no reuse leeway: the state was `expired` after a try");
    },
  },
  {
    id: "targets",
    title: "tokens for a scope and a resource",
    async run(bench) {
      const { api } = bench.server;
      const app = await openApp(bench, {
        config: api?.resource ? { resources: [api.resource] } : {},
      });
      await logIn(bench, app, ADA);
      if (!(await isRenewable(app.page))) return lacks(NO_REFRESH_TOKEN);
      const base = await getToken(app.page);
      const narrow = await getToken(app.page, { scope: [api?.scope ?? "email"] });
      must(narrow.token, `the token for a scope: ${narrow.code} ${narrow.message}`);
      if (!api?.resource) return lacks("scopes work; it knows no `resource`");
      const resource = await getToken(app.page, { resource: api.resource });
      must(resource.token, `the token for a resource: ${resource.code} ${resource.message}`);
      must(resource.token !== base.token, "the token for the resource is the default token");
      return holds();
    },
  },
  {
    id: "revoked",
    title: "refresh token revoked",
    async run(bench) {
      const { server } = bench;
      const app = await openApp(bench);
      await logIn(bench, app, ADA);
      if (!(await isRenewable(app.page))) return lacks(NO_REFRESH_TOKEN);
      const token = app.tokens.findLast(({ refresh_token }) => refresh_token)!.refresh_token!;
      if (server.revokeRefreshToken) await server.revokeRefreshToken(token, ADA.login);
      else {
        const { revocation_endpoint: endpoint } = await metadataOf(bench);
        if (!endpoint) return lacks("it has no revocation endpoint");
        const body = new URLSearchParams({
          token,
          token_type_hint: "refresh_token",
          client_id: server.config.clientId!,
        });
        const response = await fetch(endpoint as string, { method: "POST", body });
        must(
          response.ok,
          `the revocation was answered ${response.status} ${await response.text()}`,
        );
      }
      return expires(app.page);
    },
  },
  {
    id: "administrator",
    title: "session ended by an administrator",
    async run(bench) {
      const { server } = bench;
      if (!server.endSessions)
        return lacks(server.lacks?.["administrator"] ?? "it has no such function");
      const app = await openApp(bench);
      await logIn(bench, app, ADA);
      if (!(await isRenewable(app.page))) return lacks(NO_REFRESH_TOKEN);
      await server.endSessions(ADA.login);
      return expires(app.page);
    },
  },
];

export async function isRenewable(page: Parameters<typeof stateOf>[0]): Promise<boolean> {
  const state = await stateOf(page);
  return state.status === "authenticated" && state.token.isRenewable;
}

/** Expects that the next refresh fails, and that the state becomes `expired`. */
async function expires(page: Parameters<typeof stateOf>[0]) {
  let got = await getToken(page, { cache: "reload" });
  // A refusal without a reason counts only after a minute, because it can be a fault that passes.
  for (const end = Date.now() + 90_000; got.retryable && Date.now() < end;)
    got = await getToken(page, { cache: "reload" });
  const { token, code, message } = got;
  if (token) return lacks("the server goes on giving tokens");
  if (code === "refresh_token" && message?.includes("user_needed"))
    return holds("after a minute, because the server refuses without a reason");
  const state = await stateOf(page);
  must(state.status === "expired", `the state is ${state.status} after ${code}: ${message}`);
  return holds();
}

/** Waits until a refresh succeeds. Returns its token. */
export const refreshes = (
  page: Parameters<typeof stateOf>[0],
  timeoutMs = 60_000,
): Promise<string> =>
  eventually(
    "a new token",
    async () => (await getToken(page, { cache: "reload" })).token,
    timeoutMs,
  );
