import { createAuth, type Auth } from "../../../src/index.ts";
import type { LoginBridge } from "./preload.ts";
import { ElectronUserAgent, resumeLogin } from "./user-agent.ts";

declare global {
  interface Window {
    logins: LoginBridge;
    auth: Auth;
    startShell: (issuer: string, timeoutMs?: number) => Promise<string | undefined>;
  }
}

window.startShell = async (issuer, timeoutMs) => {
  const redirectUri = "com.example.app:/cb";
  const auth = createAuth({
    issuer,
    clientId: "latchkey-demo",
    redirectUri,
    userAgent: new ElectronUserAgent(redirectUri, window.logins, timeoutMs),
  });
  const path = await resumeLogin(auth, window.logins);
  window.auth = auth;
  return path;
};
