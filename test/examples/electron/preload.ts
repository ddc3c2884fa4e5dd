/** Logins of an Electron app, in the preload script: what the page may ask of the main process. */
import type { ContextBridge, IpcRenderer } from "./electron.ts";

/** `window.logins` of the page. */
export interface LoginBridge {
  /** Opens the login page in the browser of the system. */
  open(url: string): Promise<unknown>;
  /** Calls `listener` with each URL with which the system opens the app. Returns a function that removes `listener`. */
  onResponse(listener: (url: string) => void): () => void;
  /** Returns the URL with which the system has started the app, once. */
  launchUrl(): Promise<unknown>;
}

export function exposeLogins(contextBridge: ContextBridge, ipcRenderer: IpcRenderer): void {
  const logins: LoginBridge = {
    open: (url) => ipcRenderer.invoke("open-login", url),
    onResponse(listener) {
      const notify = (_: unknown, url: string) => listener(url);
      ipcRenderer.on("login-response", notify);
      return () => void ipcRenderer.off("login-response", notify);
    },
    launchUrl: () => ipcRenderer.invoke("login-launch-url"),
  };
  contextBridge.exposeInMainWorld("logins", logins);
}
