/**
 * Logins of an Electron app, in the main process. The login page opens in the browser of the system. The system opens the app
 * with the response: macOS tells the running process, and Windows and Linux start a second process with the URL as an argument.
 */
import type { App, BrowserWindow, IpcMain, Shell } from "./electron.ts";

interface Parts {
  readonly app: App;
  readonly shell: Shell;
  readonly ipcMain: IpcMain;
  /** The scheme of the redirect URI, such as `com.example.app`. */
  readonly scheme: string;
  /** The arguments of this process: `process.argv`. */
  readonly argv: readonly string[];
  readonly window: () => BrowserWindow | undefined;
}

/** Call this function before `app.whenReady()`. Returns false in a second process, which then ends. */
export function receiveLogins({ app, shell, ipcMain, scheme, argv, window }: Parts): boolean {
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return false;
  }
  const find = (urls: readonly string[]) => urls.find((url) => url.startsWith(`${scheme}:`));
  let launchUrl = find(argv);
  const receive = (url: string | undefined) => {
    const open = window();
    if (url === undefined) return;
    // On macOS, the URL that starts the app arrives before there is a window.
    if (!open) launchUrl = url;
    else open.webContents.send("login-response", url);
  };

  app.setAsDefaultProtocolClient(scheme);
  app.on("open-url", (event, url) => {
    event.preventDefault();
    receive(find([url]));
  });
  app.on("second-instance", (_, secondArgv) => {
    const open = window();
    if (open?.isMinimized()) open.restore();
    open?.focus();
    receive(find(secondArgv));
  });
  ipcMain.handle("open-login", async (_, url) => {
    // A page must not open files or other apps. During development, the server can run on this machine.
    const { protocol, hostname } = new URL(String(url));
    const isLocal = protocol === "http:" && hostname === "localhost";
    if (protocol !== "https:" && !isLocal) throw new Error("not a login page");
    await shell.openExternal(String(url));
  });
  ipcMain.handle("login-launch-url", () => {
    const url = launchUrl;
    launchUrl = undefined;
    return url;
  });
  return true;
}
