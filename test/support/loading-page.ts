import type { BrowserContext, Page } from "puppeteer-core";
import type { CreateAuthConfig, GetTokenOptions } from "../../src/index.ts";

/** A bare page that calls `getToken()` at each load and then again and again, as many apps do. */
export interface LoadingPage {
  readonly page: Page;
  /** The results of all calls, over all page loads: `token`, or the code and the message of an error. */
  readonly results: () => Promise<readonly string[]>;
  /** Waits until there are five results and no further automatic login may start. */
  readonly settle: () => Promise<void>;
}

/** Options of `openLoadingPage()`. */
export interface LoadingPageOptions {
  readonly config?: Partial<CreateAuthConfig>;
  readonly options?: GetTokenOptions;
  /** At the redirect URI the page only handles the response, and then navigates to another page. */
  readonly continues?: boolean;
  /** The first load calls `login()`, as in a click. */
  readonly logsIn?: boolean;
}

declare global {
  interface Window {
    /** Stops the calls of `getToken()`. */
    stopAsking: () => void;
  }
}

const POLL_MS = 100;

/** Opens a loading page in a new tab. The caller navigates the tab. */
export async function openLoadingPage(
  context: BrowserContext,
  issuer: string,
  { config = {}, options = {}, continues = false, logsIn = false }: LoadingPageOptions = {},
): Promise<LoadingPage> {
  const page = await context.newPage();
  await page.evaluateOnNewDocument(
    (issuer, config, options, continues, logsIn, pollMs) => {
      window.atLoad = () => {
        const log = (line: string) => {
          const lines = JSON.parse(sessionStorage.getItem("log") ?? "[]") as string[];
          sessionStorage.setItem("log", JSON.stringify([...lines, line]));
        };
        window.auth = window.latchkey.createAuth({
          issuer,
          clientId: "latchkey-demo",
          redirectUri: "/bare/callback",
          ...config,
        });
        const isCallback = location.pathname.startsWith("/bare/callback");
        if (continues && isCallback) {
          const navigate = () => location.replace("/bare/app");
          window.auth.handleCallback().then(navigate, navigate);
          return;
        }
        const logError = (error: { code: string; message: string }) =>
          log(`${error.code}: ${error.message}`);
        if (logsIn && sessionStorage.getItem("log") === null) {
          log("login()");
          window.auth.login().catch(logError);
          return;
        }
        let isStopped = false;
        window.stopAsking = () => (isStopped = true);
        const ask = async () => {
          await window.auth.getToken(options).then(() => log("token"), logError);
          if (!isStopped) setTimeout(() => void ask(), pollMs);
        };
        void ask();
      };
    },
    issuer,
    config,
    options,
    continues,
    logsIn,
    POLL_MS,
  );
  const results = async (): Promise<readonly string[]> => {
    const lines = await page.evaluate(() => sessionStorage.getItem("log")).catch(() => null);
    return JSON.parse(lines ?? "[]") as string[];
  };
  return {
    page,
    results,
    settle: async () => {
      await page.waitForFunction(
        () => {
          const lines = JSON.parse(sessionStorage.getItem("log") ?? "[]") as string[];
          return lines.length >= 5 && lines.at(-1)!.startsWith("no_token: no automatic login");
        },
        { polling: 50, timeout: 20_000 },
      );
    },
  };
}
