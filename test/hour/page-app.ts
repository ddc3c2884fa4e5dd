import type { GetTokenOptions } from "../../src/index.ts";

export interface PageAppOptions {
  readonly issuer: string;
  /** How often the app asks for a token, and how often it reloads the page. Milliseconds. */
  readonly pollMs: number;
  readonly reloadMs: number;
  /** How the app goes on after the callback: with its router, or by loading another page. */
  readonly afterCallback: "route" | "load";
  readonly token: GetTokenOptions;
  /** `auth.fetch("/api")` instead of `auth.getToken()`. */
  readonly asks: "token" | "api";
}

/** Runs in a page before its own scripts: an app that asks for a token at load, and again and again. */
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
      // All tabs ask at the same instants.
      setTimeout(ask, pollMs - (Date.now() % pollMs));
    };
    ask();
    const tab = Number(new URL(location.href).searchParams.get("tab") ?? sessionStorage["tab"]);
    sessionStorage["tab"] = String(tab);
    setTimeout(() => location.reload(), reloadMs + tab * 17_000);
  });
}
