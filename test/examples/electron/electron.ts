/** The parts of Electron that the example uses, as Electron 41 declares them. */

interface Cancelable {
  preventDefault(): void;
}

export interface App {
  requestSingleInstanceLock(): boolean;
  setAsDefaultProtocolClient(protocol: string): boolean;
  quit(): void;
  on(event: "open-url", listener: (event: Cancelable, url: string) => void): unknown;
  on(event: "second-instance", listener: (event: Cancelable, argv: string[]) => void): unknown;
}

export interface Shell {
  openExternal(url: string): Promise<void>;
}

export interface IpcMain {
  handle(channel: string, listener: (event: unknown, ...args: unknown[]) => unknown): void;
}

export interface BrowserWindow {
  isMinimized(): boolean;
  restore(): void;
  focus(): void;
  readonly webContents: { send(channel: string, ...args: unknown[]): void };
}

export interface IpcRenderer {
  invoke(channel: string, ...args: unknown[]): Promise<unknown>;
  on(channel: string, listener: (event: unknown, url: string) => void): unknown;
  off(channel: string, listener: (event: unknown, url: string) => void): unknown;
}

export interface ContextBridge {
  exposeInMainWorld(apiKey: string, api: object): void;
}
