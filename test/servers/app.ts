import type { Browser, BrowserContext, Page } from "puppeteer-core";
import type { AuthState, CreateAuthConfig } from "../../src/index.ts";
import type { BareSite } from "../support/bare-site.ts";
import { openTab, tabOpenedBy } from "../support/browser.ts";
import { nameAt, PATHS, type RunningServer, type ServerUser } from "./server.ts";

/** What a row of the list works with. */
export interface Bench {
  readonly server: RunningServer;
  readonly browser: Browser;
  readonly site: BareSite;
  /** The same app at an origin that the server's CORS does not allow. */
  readonly strangeSite: BareSite;
  /** A browser without any data, closed after the row. */
  readonly context: BrowserContext;
}

/** A tab with the app. */
export interface AppTab {
  readonly page: Page;
  /** The bodies of the token endpoint's successful responses. */
  readonly tokens: readonly TokenResponse[];
  /** The requests to the token endpoint. */
  readonly tokenRequests: () => number;
}

export interface TokenResponse {
  readonly access_token?: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
}

/** What differs from the app with `issuer`, `clientId` and `redirectUri`. */
export interface AppOptions {
  readonly path?: string;
  readonly site?: BareSite;
  readonly config?: Partial<CreateAuthConfig>;
  /** `frame`: the app signs users in silently. `device`: its logins are device logins. */
  readonly by?: "frame" | "device";
}

declare global {
  interface Window {
    /** The codes that a device login has shown. */
    deviceCodes: { userCode: string; verificationUri: string; verificationUriComplete?: string }[];
    /** The error of the last login. */
    loginError?: { code: string; message: string };
  }
}

/** Opens a tab with the app, which creates its `Auth` at each load. */
export async function openApp(bench: Bench, options: AppOptions = {}): Promise<AppTab> {
  const { path = PATHS.page, site = bench.site, config = {}, by } = options;
  const { page } = await openTab(bench.context);
  const tokens: TokenResponse[] = [];
  let requests = 0;
  page.on("request", (request) => {
    if (request.method() === "POST" && /grant_type=/.test(request.postData() ?? "")) requests++;
  });
  page.on("response", (response) => {
    if (!/grant_type=/.test(response.request().postData() ?? "") || !response.ok()) return;
    response.json().then(
      (body) => tokens.push(body as TokenResponse),
      () => {},
    );
  });
  // tsx wraps functions in a helper, which functions that run in the page need there.
  await page.evaluateOnNewDocument("globalThis.__name = (value) => value");
  await page.evaluateOnNewDocument(
    (config, origin, by, relay) => {
      window.atLoad = () => {
        if (location.origin !== origin) return;
        const { createAuth, DeviceCodeGrant, IframeUserAgent, RefreshGrant } = window.latchkey;
        window.deviceCodes = [];
        const prompt = {
          showCode: (code: (typeof window.deviceCodes)[number]) => {
            window.deviceCodes.push(code);
          },
        };
        window.auth = createAuth({
          ...config,
          // What an app has by default. The bare page has a default of its own.
          onReturn: undefined,
          ...(by === "frame" && { silentSignOn: new IframeUserAgent(relay) }),
          ...(by === "device" && {
            grant: (parts) =>
              new RefreshGrant(new DeviceCodeGrant(parts.server, { ...parts, prompt }), parts),
          }),
        } as Parameters<typeof createAuth>[0]);
      };
    },
    { redirectUri: PATHS.page, ...bench.server.config, ...config },
    site.origin,
    by,
    PATHS.relay,
  );
  await page.goto(site.origin + path);
  return { page, tokens, tokenRequests: () => requests };
}

/** Waits until the tab's state has this status. */
export async function until(page: Page, status: AuthState["status"], timeoutMs = 20_000) {
  await page
    .waitForFunction(
      (status) => window.auth?.state.status === status,
      { polling: 50, timeout: timeoutMs },
      status,
    )
    .catch(async (error: unknown) => {
      const seen = await page
        .evaluate(() => `${location.href.split("?")[0]} ${JSON.stringify(window.auth?.state)}`)
        .catch(() => page.url());
      throw new Error(`the state is not ${status}: ${seen}`, { cause: error });
    });
}

export const stateOf = (page: Page): Promise<AuthState> => page.evaluate(() => window.auth.state);

/** Calls `login()` without waiting for its end. */
export const startLogin = (page: Page, options: object = {}): Promise<void> =>
  page.evaluate((options) => {
    delete window.loginError;
    window.auth.login(options).catch((error: { code: string; message: string }) => {
      window.loginError = { code: error.code, message: error.message };
    });
  }, options);

/** Logs the user in by the page, from the state that the tab has. */
export async function logIn(
  bench: Bench,
  { page }: AppTab,
  user: ServerUser,
  options: object = {},
): Promise<void> {
  await page.waitForFunction(() => window.auth && window.auth.state.status !== "loading");
  const began = page.url();
  await Promise.all([page.waitForNavigation(), startLogin(page, options)]);
  await passServerPages(bench, page, user);
  await backFromLogin(page, began);
}

/** Waits until a login by the page has ended, also its last navigation: to `began`, the page where the login began. */
export async function backFromLogin(page: Page, began: string): Promise<void> {
  await until(page, "authenticated");
  await page.waitForFunction(
    (began) => location.href === began && window.auth?.state.status === "authenticated",
    { polling: 50, timeout: 20_000 },
    began,
  );
}

/** Fills in the server's pages until the browser is back at the app, or the window has closed. */
export async function passServerPages(bench: Bench, page: Page, user: ServerUser): Promise<void> {
  const { pages } = bench.server;
  const isAtApp = () => page.isClosed() || page.url().startsWith(bench.site.origin);
  const known = [pages.user, pages.password, pages.agree].filter(Boolean).join(", ");
  for (let step = 0; step < 8 && !isAtApp(); step++) {
    try {
      await Promise.race([
        page.waitForSelector(known, { visible: true, timeout: 15_000 }),
        page.waitForFunction(
          (origin) => location.origin === origin,
          { polling: 100, timeout: 15_000 },
          bench.site.origin,
        ),
      ]);
      if (isAtApp()) return;
      if (pages.otherUser && (await page.$(pages.otherUser))) {
        await Promise.all([page.waitForNavigation(), page.click(pages.otherUser)]);
        continue;
      }
      const field = await page.$(pages.user);
      if (field && (await field.isVisible()) && !(await field.evaluate(isReadOnly))) {
        // Typing replaces the selected text, also where a page keeps the value in a state of its own.
        await field.evaluate((input) => (input as HTMLInputElement).select());
        await field.type(nameAt(pages, user));
      }
      if (pages.password && (await page.$(pages.password))) {
        await page.type(pages.password, user.password);
      }
      const agree = pages.agree && !(await page.$(pages.user)) ? pages.agree : pages.submit;
      await clickThrough(page, agree);
    } catch (error) {
      if (isAtApp()) return;
      const text = await page.evaluate(() => document.body.innerText.slice(0, 300)).catch(() => "");
      throw new Error(`stuck at ${page.url().split("?")[0]}: ${text}`, { cause: error });
    }
  }
}

/** Clicks an element. Resolves when the browser has left the page, or when the page has put something else in its place. */
async function clickThrough(page: Page, selector: string): Promise<void> {
  const element = (await page.waitForSelector(selector, { visible: true, timeout: 15_000 }))!;
  const timeout = 20_000;
  const navigation = page.waitForNavigation({ timeout });
  const change = page.waitForFunction(
    (element, selector) => !element.isConnected || !element.matches(selector),
    { polling: 50, timeout },
    element,
    selector,
  );
  await Promise.all([
    Promise.race([navigation, change.catch(() => navigation)]),
    element.evaluate((element) => (element as HTMLElement).click()),
  ]);
}

const isReadOnly = (element: Element): boolean =>
  (element as HTMLInputElement).readOnly || (element as HTMLInputElement).disabled;

/** Starts a login in a popup, and returns the popup. */
export const openPopup = (
  { context }: Bench,
  { page }: AppTab,
  redirectPath: string = PATHS.relay,
) =>
  tabOpenedBy(context, () =>
    page.evaluate((path) => {
      delete window.loginError;
      const userAgent = new window.latchkey.PopupUserAgent(path);
      window.auth.login({ userAgent }).catch((error: { code: string; message: string }) => {
        window.loginError = { code: error.code, message: error.message };
      });
    }, redirectPath),
  );

/** Waits for the error of the login. */
export async function loginError({ page }: AppTab): Promise<{ code: string; message: string }> {
  await page.waitForFunction(() => window.loginError, { polling: 50, timeout: 20_000 });
  return page.evaluate(() => window.loginError!);
}

/** The result of `getToken()`: a token, or the code and the message of its error. */
export interface Got {
  readonly token?: string;
  readonly code?: string;
  readonly message?: string;
  readonly retryable?: boolean;
}

/** Calls `getToken()` without a visible step. */
export const getToken = (page: Page, options: object = {}): Promise<Got> =>
  page.evaluate(
    (options) =>
      window.auth.getToken({ prompt: "none", ...options }).then(
        (token) => ({ token }),
        ({ code, message, retryable }) => ({ code, message, retryable }),
      ),
    options,
  );
