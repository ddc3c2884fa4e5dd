import { createAuth, type Auth } from "../../../src/index.ts";
import { StubPlugins } from "./stub-plugins.ts";
import { CapacitorUserAgent, resumeLogin } from "./user-agent.ts";

declare global {
  interface Window {
    plugins: StubPlugins;
    auth: Auth;
    /** Starts the app. `launchUrl`: the URL with which the system has started the app. */
    startApp: (issuer: string, launchUrl?: string) => Promise<string | undefined>;
  }
}

const { app: App, browser: Browser } = (window.plugins = new StubPlugins());

window.startApp = async (issuer, launchUrl) => {
  window.plugins.launchUrl = launchUrl;
  const redirectUri = "com.example.app:/cb";
  const auth = createAuth({
    issuer,
    clientId: "latchkey-demo",
    redirectUri,
    postLogoutRedirectUri: "com.example.app:/signed-out",
    userAgent: new CapacitorUserAgent(redirectUri, Browser, App),
  });
  const path = await resumeLogin(auth, App);
  window.auth = auth;
  return path;
};
