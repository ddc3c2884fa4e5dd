/** The little that a life-cycle test needs of a browser, whatever drives it. */
export interface LazyServer {
  open(url: string): Promise<EngineTab>;
  /** As when the machine loses its power. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

export interface EngineTab {
  /** What a function body returns, or its promise gives. */
  run<T>(body: string): Promise<T>;
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  close(): Promise<void>;
}

export type LaunchEngine = (profile: string) => Promise<LazyServer>;
