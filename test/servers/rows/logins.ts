import {
  logIn,
  loginError,
  openApp,
  openPopup,
  passServerPages,
  startLogin,
  stateOf,
  until,
} from "../app.ts";
import { eventually, holds, lacks, must, metadataOf, type Row } from "../row.ts";
import { ADA, GRACE, PATHS } from "../server.ts";

/** Logins in their ways, and logins that do not succeed. */
export const LOGINS: readonly Row[] = [
  {
    id: "redirect",
    title: "redirect login",
    async run(bench) {
      const app = await openApp(bench, { path: `${PATHS.page}?order=7#total` });
      await logIn(bench, app, ADA);
      await app.page.waitForFunction(() => location.search === "?order=7", { timeout: 10_000 });
      must(app.page.url().endsWith(`${PATHS.page}?order=7#total`), `ends at ${app.page.url()}`);
      await until(app.page, "authenticated");
      const token = await app.page.evaluate(() => window.auth.getToken());
      must(token.length > 8, "the token is empty");
      return holds();
    },
  },
  {
    id: "popup",
    title: "popup login",
    async run(bench) {
      const app = await openApp(bench);
      await until(app.page, "anonymous");
      const popup = await openPopup(bench, app);
      await passServerPages(bench, popup, ADA);
      await until(app.page, "authenticated");
      return holds();
    },
  },
  {
    id: "cancelled",
    title: "popup closed by the user",
    async run(bench) {
      const app = await openApp(bench);
      await until(app.page, "anonymous");
      const popup = await openPopup(bench, app);
      await popup.waitForSelector(bench.server.pages.user, { timeout: 15_000 });
      await popup.close();
      const { code } = await loginError(app);
      must(code === "cancelled", `the error is ${code}`);
      await until(app.page, "anonymous");
      return holds();
    },
  },
  {
    id: "denied",
    title: "login denied at the server",
    async run(bench) {
      const { pages } = bench.server;
      if (!pages.deny) return lacks("its pages have no way to deny a login");
      const app = await openApp(bench);
      await until(app.page, "anonymous");
      await Promise.all([app.page.waitForNavigation(), startLogin(app.page)]);
      for (let step = 0; step < 4; step++) {
        await app.page.waitForSelector(`${pages.user}, ${pages.deny}`, { visible: true });
        if (await app.page.$(pages.deny)) break;
        // Ada has agreed before, and some servers ask only once.
        await app.page.type(pages.user, GRACE.login);
        if (pages.password) await app.page.type(pages.password, GRACE.password);
        await Promise.all([app.page.waitForNavigation(), app.page.click(pages.submit)]);
      }
      await Promise.all([app.page.waitForNavigation(), app.page.click(pages.deny)]);
      await until(app.page, "anonymous");
      const state = await stateOf(app.page);
      must(state.status === "anonymous" && state.error, "the state has no error");
      const { error } = state;
      must(error.code === "authorization", `the error is ${error.code}: ${error.message}`);
      return holds(`the state has its error \`${error.error}\``);
    },
  },
  {
    id: "names",
    title: "names in the picker",
    async run(bench) {
      const app = await openApp(bench);
      await logIn(bench, app, ADA);
      const name = await eventually("a name in users()", async () => {
        const [user] = await app.page.evaluate(() => window.auth.users());
        return user?.name ?? user?.email;
      }).catch(() => undefined);
      if (name === undefined) {
        const { userinfo_endpoint: userinfo } = await metadataOf(bench);
        return lacks(userinfo ? "its userinfo has no name" : "it has no userinfo endpoint");
      }
      return name === ADA.name ? holds() : holds(`shows \`${name}\``);
    },
  },
  {
    id: "second-user",
    title: "second user",
    async run(bench) {
      const app = await openApp(bench);
      await logIn(bench, app, ADA);
      const { prompt_values_supported: prompts } = await metadataOf(bench);
      const prompt =
        Array.isArray(prompts) && prompts.includes("select_account") ? "select_account" : "login";
      await Promise.all([app.page.waitForNavigation(), startLogin(app.page, { prompt })]);
      await passServerPages(bench, app.page, GRACE);
      await until(app.page, "authenticated");
      const tokens = await app.page.evaluate(async () => {
        const users = await window.auth.users();
        return Promise.all(users.map(({ sub }) => window.auth.getToken({ user: sub })));
      });
      if (tokens.length === 1)
        return lacks(`\`prompt: "${prompt}"\` does not let another user log in`);
      must(new Set(tokens).size === 2, "both users got the same token");
      return holds(prompt === "login" ? 'by `prompt: "login"`' : undefined);
    },
  },
  {
    id: "silent",
    title: "silent sign-on in a hidden frame",
    async run(bench) {
      const first = await openApp(bench);
      await logIn(bench, first, ADA);
      const session = await first.page.createCDPSession();
      const origin = bench.site.origin;
      await session.send("Storage.clearDataForOrigin", {
        origin,
        storageTypes: "indexeddb,local_storage",
      });
      await first.page.close();
      const app = await openApp(bench, { by: "frame", path: `${PATHS.page}?x=1` });
      const isSignedIn = await until(app.page, "authenticated", 12_000).then(
        () => true,
        () => false,
      );
      must(app.page.url().endsWith("?x=1"), "the page was left");
      if (isSignedIn) return holds();
      const state = await stateOf(app.page);
      must(state.status === "anonymous", `the state is ${state.status}`);
      const { error } = state;
      return lacks(`the user stays anonymous${error ? ` (${error.code})` : ""}`);
    },
  },
];
