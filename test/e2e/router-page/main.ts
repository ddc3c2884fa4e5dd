import { createAuth } from "../../../src/index.ts";
import { defineLatchkeyElements } from "../../../src/ui.ts";
import { reactApp } from "./react-app.ts";
import type { RouterApp } from "./router-app.ts";
import { tanStackApp } from "./tanstack-app.ts";
import { vueApp } from "./vue-app.ts";

declare global {
  interface Window {
    /** Tests set it before the page's own scripts run. */
    issuer: string;
    app: RouterApp;
  }
}

const APPS: Readonly<Record<string, () => RouterApp>> = {
  react: reactApp,
  tanstack: tanStackApp,
  vue: vueApp,
};

const name = location.pathname.split("/")[1]!;
const app = APPS[name]!();
const auth = createAuth({
  issuer: window.issuer,
  clientId: "web",
  redirectUri: `/${name}/callback`,
  onReturn: (path) => void app.onReturn(path),
});
window.app = app;
window.auth = auth;
defineLatchkeyElements();
document.querySelector("latchkey-button")!.auth = auth;
app.render(auth, document.querySelector("#app")!);
