/** A browser of one engine, as far as lifecycle tests need it. */
export interface Engine {
  open(url: string): Promise<EngineTab>;
  /** Ends the browser at once, as a power loss does. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** A tab of such a browser. */
export interface EngineTab {
  /** Runs a function body in the page. Resolves to its return value. */
  run<T>(body: string): Promise<T>;
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a browser with a profile folder. */
export type LaunchEngine = (profile: string) => Promise<Engine>;
