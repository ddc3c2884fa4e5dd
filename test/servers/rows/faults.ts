import {
  getToken,
  logIn,
  openApp,
  openPopup,
  passServerPages,
  startLogin,
  stateOf,
  until,
  loginError,
  type Bench,
} from "../app.ts";
import { eventually, holds, lacks, must, metadataOf, type Row, type Seen } from "../row.ts";
import { ADA, PATHS } from "../server.ts";
import { isRenewable, refreshes } from "./refreshes.ts";

/** A server that changes or fails, and apps that are set up wrongly. */
export const FAULTS: readonly Row[] = [
  {
    id: "keys",
    title: "keys rotated",
    async run(bench) {
      const { server } = bench;
      if (!server.rotateKeys) return lacks(server.lacks?.["keys"] ?? "it has no such function");
      const app = await openApp(bench);
      await logIn(bench, app, ADA);
      const [id] = app.tokens
        .map(({ id_token }) => id_token)
        .filter((token) => token !== undefined);
      await server.rotateKeys();
      const renewable = await isRenewable(app.page);
      if (renewable) await refreshes(app.page);
      const context = await bench.browser.createBrowserContext();
      try {
        const next = await openApp({ ...bench, context });
        await logIn({ ...bench, context }, next, ADA);
        const newId = next.tokens.find(({ id_token }) => id_token)?.id_token;
        must(kid(newId) !== kid(id), "the server still signs with the old key");
      } finally {
        await context.close();
      }
      return holds();
    },
  },
  {
    id: "restart",
    title: "server restarted",
    async run(bench) {
      const app = await openApp(bench);
      await logIn(bench, app, ADA);
      if (!(await isRenewable(app.page))) return lacks("it gives this client no refresh token");
      await bench.server.restart(async () => {
        const { code, message, retryable } = await getToken(app.page, { cache: "reload" });
        must(retryable, `while the server is down: ${code} ${message}`);
        const { status } = await stateOf(app.page);
        must(status === "authenticated", `while the server is down, the state is ${status}`);
      });
      // The pause after the failed refresh may still last.
      const after = await eventually(
        "the end of the refresh",
        async () => {
          const { token } = await getToken(app.page, { cache: "reload" });
          const { status } = await stateOf(app.page);
          return token ? "token" : status === "expired" ? status : undefined;
        },
        60_000,
      );
      if (after === "expired") {
        await logIn(bench, app, ADA);
        return lacks(`it forgets its sessions: the state was \`expired\`, and a new login worked`);
      }
      return holds();
    },
  },
  {
    id: "503",
    title: "503 for a while",
    async run(bench) {
      const app = await openApp(bench);
      await logIn(bench, app, ADA);
      if (!(await isRenewable(app.page))) return lacks("it gives this client no refresh token");
      const { token_endpoint: endpoint } = await metadataOf(bench);
      // No server responds 503 on request, so the browser does.
      const cdp = await app.page.createCDPSession();
      let answered = 0;
      await cdp.send("Fetch.enable", { patterns: [{ urlPattern: `${String(endpoint)}*` }] });
      cdp.on("Fetch.requestPaused", ({ requestId }) => {
        answered++;
        const headers = { "Access-Control-Allow-Origin": "*", "Content-Type": "text/html" };
        const responseHeaders = Object.entries(headers).map(([name, value]) => ({ name, value }));
        void cdp.send("Fetch.fulfillRequest", { requestId, responseCode: 503, responseHeaders });
      });
      const during = await getToken(app.page, { cache: "reload" });
      must(answered > 0 && !during.token && during.retryable, JSON.stringify(during));
      must((await stateOf(app.page)).status === "authenticated", "the session has ended");
      await cdp.send("Fetch.disable");
      await refreshes(app.page);
      return holds();
    },
  },
  {
    id: "wrong-redirect-uri",
    title: "redirect URI not registered",
    run: (bench) => refusedLogin(bench, {}, PATHS.unknown),
  },
  {
    id: "wrong-client-id",
    title: "client unknown",
    run: (bench) => refusedLogin(bench, { clientId: "nobody" }, PATHS.relay),
  },
  {
    id: "no-cors",
    title: "origin not allowed by CORS",
    async run(bench) {
      const app = await openApp(bench, { site: bench.strangeSite });
      await until(app.page, "anonymous");
      const there = { ...bench, site: bench.strangeSite };
      await Promise.all([
        app.page.waitForNavigation({ timeout: 15_000 }).catch(() => {}),
        startLogin(app.page),
      ]);
      if (!app.page.url().startsWith(bench.strangeSite.origin)) {
        await passServerPages(there, app.page, ADA);
        await app.page.waitForFunction(
          () => window.auth && !["loading", "authenticating"].includes(window.auth.state.status),
          { polling: 50, timeout: 20_000 },
        );
      }
      const state = await stateOf(app.page);
      if (state.status === "authenticated") return lacks("it allows every origin");
      const message = await app.page.evaluate(() => {
        const { state } = window.auth;
        return (state.status === "anonymous" && state.error?.message) || window.loginError?.message;
      });
      must(/CORS/.test(message ?? ""), `the error does not name CORS: ${message}`);
      return holds();
    },
  },
];

/** The server shows a page of its own, or it sends an error back. In both cases the app is told, and starts no other login. */
async function refusedLogin(bench: Bench, config: object, redirectPath: string): Promise<Seen> {
  const app = await openApp(bench, { config });
  await until(app.page, "anonymous");
  const popup = await openPopup(bench, app, redirectPath);
  const ended = await Promise.race([
    loginError(app),
    popup.waitForNetworkIdle({ idleTime: 1_000, timeout: 20_000 }).then(() => undefined),
  ]).catch(() => undefined);
  if (ended) return holds(`the error is \`${ended.code}\``);
  // Some servers check the request only after the login.
  const asks = (await popup.$(bench.server.pages.user)) !== null;
  if (asks) {
    await passServerPages(bench, popup, ADA).catch(() => {});
    if (popup.isClosed() || popup.url().startsWith(bench.site.origin)) {
      const { code } = await loginError(app);
      must(code !== "cancelled", "the popup came back to the app, and the login was cancelled");
      return holds(`after the login, the error is \`${code}\``);
    }
    must(!(await popup.$(bench.server.pages.user)), "the server asks for a login again");
  }
  await popup.waitForNetworkIdle({ idleTime: 500, timeout: 10_000 }).catch(() => {});
  const text = await popup.evaluate(() => document.body.innerText.replaceAll(/\s+/g, " ").trim());
  await popup.close();
  const { code } = await loginError(app);
  must(code === "cancelled", `the error is ${code}`);
  return holds(`${asks ? "after a login, " : ""}the server shows "${text.slice(0, 80)}"`);
}

function kid(jwt: string | undefined): unknown {
  return jwt && JSON.parse(Buffer.from(jwt.split(".")[0]!, "base64url").toString())["kid"];
}
