import { EventEmitter } from "node:events";
import type { Page } from "puppeteer-core";
import type { App, BrowserWindow, IpcMain, IpcRenderer } from "./electron.ts";
import { receiveLogins } from "./main-process.ts";
import { exposeLogins, type LoginBridge } from "./preload.ts";

/** A process of the app. Its renderer is a page of a real browser, and its system belongs to the test. */
export interface StubShell {
  /** The URLs that the system has opened in its browser. */
  readonly opened: string[];
  readonly window: { focused: number; minimized: boolean };
  /** The number of listeners that the page has. */
  readonly listeners: () => number;
  /** macOS opens the app with `url`. */
  openUrl(url: string): void;
  /** Windows or Linux starts a second process with these arguments. */
  secondInstance(...argv: string[]): void;
}

/** Starts the main process and the preload script for `page`, which must not be loaded yet. */
export async function startShell(
  page: Page,
  { argv = [], hasWindow = true }: { argv?: readonly string[]; hasWindow?: boolean } = {},
): Promise<StubShell> {
  const events = new EventEmitter();
  const renderer = new EventEmitter();
  const handlers = new Map<string, (event: unknown, ...args: unknown[]) => unknown>();
  const shell = { opened: [] as string[], window: { focused: 0, minimized: true } };
  const window: BrowserWindow = {
    isMinimized: () => shell.window.minimized,
    restore: () => (shell.window.minimized = false),
    focus: () => shell.window.focused++,
    webContents: { send: (channel, url) => void renderer.emit(channel, {}, url) },
  };
  let isOpen = hasWindow;
  const app: App = {
    requestSingleInstanceLock: () => true,
    setAsDefaultProtocolClient: () => true,
    quit: () => {},
    on: ((event: string, listener: () => void) => events.on(event, listener)) as App["on"],
  };
  const ipcMain: IpcMain = { handle: (channel, listener) => void handlers.set(channel, listener) };
  receiveLogins({
    app,
    ipcMain,
    shell: { openExternal: async (url) => void shell.opened.push(url) },
    scheme: "com.example.app",
    argv,
    window: () => (isOpen ? window : undefined),
  });

  const ipcRenderer: IpcRenderer = {
    invoke: async (channel, ...args) => handlers.get(channel)!({}, ...args),
    on: (channel, listener) => renderer.on(channel, listener),
    off: (channel, listener) => renderer.off(channel, listener),
  };
  const exposed: LoginBridge[] = [];
  exposeLogins(
    { exposeInMainWorld: (_, api) => void exposed.push(api as LoginBridge) },
    ipcRenderer,
  );
  await exposeInPage(page, exposed[0]!);
  page.once("load", () => (isOpen = true));
  return {
    ...shell,
    listeners: () => renderer.listenerCount("login-response"),
    openUrl: (url) => void events.emit("open-url", { preventDefault: () => {} }, url),
    secondInstance: (...argv) => void events.emit("second-instance", {}, argv),
  };
}

/** Does the work of Electron's context bridge between the preload script and the page. */
async function exposeInPage(page: Page, logins: LoginBridge): Promise<void> {
  const undo = new Map<number, () => void>();
  await page.exposeFunction("openLogin", (url: string) => logins.open(url).then(() => {}));
  await page.exposeFunction("launchUrl", () => logins.launchUrl());
  await page.exposeFunction("listen", (id: number) => {
    const listener = (url: string) =>
      void page.evaluate((id, url) => window.listeners.get(id)?.(url), id, url);
    undo.set(id, logins.onResponse(listener));
  });
  await page.exposeFunction("unlisten", (id: number) => undo.get(id)?.());
  await page.evaluateOnNewDocument(() => {
    window.listeners = new Map();
    window.logins = {
      open: (url) => window.openLogin(url),
      launchUrl: () => window.launchUrl(),
      onResponse(listener) {
        const id = window.listeners.size;
        window.listeners.set(id, listener);
        void window.listen(id);
        return () => void window.unlisten(id);
      },
    };
  });
}

declare global {
  interface Window {
    listeners: Map<number, (url: string) => void>;
    openLogin: (url: string) => Promise<void>;
    launchUrl: () => Promise<unknown>;
    listen: (id: number) => Promise<void>;
    unlisten: (id: number) => Promise<void>;
  }
}
