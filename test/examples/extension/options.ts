import { createAuth, type Auth } from "../../../src/index.ts";
import { ExtensionUserAgent, redirectUri } from "./user-agent.ts";

declare global {
  interface Window {
    auth: Auth;
  }
}

const element = (id: string) => document.getElementById(id)!;

const auth = createAuth({
  issuer: document.querySelector("meta")!.dataset["issuer"]!,
  clientId: "latchkey-demo",
  redirectUri: redirectUri(),
  postLogoutRedirectUri: redirectUri("signed-out"),
  userAgent: new ExtensionUserAgent(),
});
window.auth = auth;

const show = () => {
  const { state } = auth;
  const name = state.status === "authenticated" ? (state.user.name ?? state.user.sub) : "";
  element("state").textContent = `${state.status} ${name}`.trim();
};
auth.subscribe(show);
show();
element("sign-in").onclick = () => auth.login().catch(() => {});
element("sign-out").onclick = () => auth.logout();
