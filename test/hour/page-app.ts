import type { GetTokenOptions } from "../../src/index.ts";

/** How the simulated app behaves. */
export interface PageAppOptions {
  readonly issuer: string;
  /** How often the app requests a token. Milliseconds. */
  readonly pollMs: number;
  /** How often the app reloads the page. Milliseconds. */
  readonly reloadMs: number;
  /** How the app continues after the callback: with its router, or by loading another page. */
  readonly afterCallback: "route" | "load";
  readonly token: GetTokenOptions;
  /** The app calls `auth.getToken()`, or `auth.fetch("/api")`. */
  readonly asks: "token" | "api";
}

/** Runs in a page before the page's own scripts. The app requests a token at load and then every `pollMs`. */
export function installPageApp(options: PageAppOptions): void {
  const { issuer, pollMs, reloadMs, afterCallback, token, asks } = options;
  addEventListener("load", () => {
    const auth = window.latchkey.createAuth({
      issuer,
      clientId: "latchkey-demo",
      redirectUri: "/callback",
    });
    if (location.pathname === "/callback") {
      const goOn = (to: string) =>
        afterCallback === "load" ? location.replace(to) : history.replaceState(null, "", to);
      auth.handleCallback().then(
        (result) => goOn(result?.returnTo ?? "/"),
        () => goOn("/"),
      );
      if (afterCallback === "load") return;
    }
    const ask = () => {
      const asked: Promise<unknown> = asks === "api" ? auth.fetch("/api") : auth.getToken(token);
      asked.then(
        () => {},
        () => {},
      );
      // All tabs request a token at the same instants.
      setTimeout(ask, pollMs - (Date.now() % pollMs));
    };
    ask();
    const tab = Number(new URL(location.href).searchParams.get("tab") ?? sessionStorage["tab"]);
    sessionStorage["tab"] = String(tab);
    setTimeout(() => location.reload(), reloadMs + tab * 17_000);
  });
}
