import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Engine, EngineTab } from "./engine.ts";

const LIBRARIES = "/usr/lib";

/** Starts WebKitGTK with WebDriver, in its own X display. */
export async function launchWebKit(): Promise<Engine> {
  const driverPath = "/usr/bin/WebKitWebDriver";
  const displayPath = "/usr/bin/Xvfb";
  const binary = miniBrowser();
  if (!existsSync(driverPath) || !existsSync(displayPath) || !binary)
    throw new Error("WebKit is missing. On Debian: apt-get install webkit2gtk-driver xvfb.");
  // Xvfb chooses a free display, and writes its number to the file descriptor 3.
  const display = spawn(displayPath, ["-displayfd", "3", "-screen", "0", "1280x800x24"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const [number] = (await once(display.stdio[3] as Readable, "data")) as [Buffer];
  const port = await freePort();
  const driver = spawn(driverPath, [`--port=${port}`], {
    env: {
      ...process.env,
      DISPLAY: `:${number.toString().trim()}`,
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
    },
  });
  const end = () => Promise.all([driver, display].map(endProcess));
  try {
    const session = await WebDriver.start(port, { binary, args: ["--automation"] });
    const close = async () => {
      await session.end();
      await end();
    };
    return { open: (url) => open(session, url), kill: close, close };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Returns a port on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function miniBrowser(): string | undefined {
  const folders = readdirSync(LIBRARIES).filter((name) => name.endsWith("-linux-gnu"));
  return folders
    .flatMap((folder) =>
      ["webkit2gtk-4.1", "webkit2gtk-4.0", "webkitgtk-6.0"].map(
        (version) => `${LIBRARIES}/${folder}/${version}/MiniBrowser`,
      ),
    )
    .find((path) => existsSync(path));
}

async function endProcess(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  process.kill();
  await once(process, "exit");
}

async function open(session: WebDriver, url: string): Promise<EngineTab> {
  const handle = await session.newTab();
  const tab: EngineTab = {
    run: (body) => session.inTab(handle, (at) => at.run(body)),
    goto: (url) => session.inTab(handle, (at) => at.post("/url", { url })),
    reload: () => session.inTab(handle, (at) => at.post("/refresh", {})),
    close: () => session.inTab(handle, (at) => at.delete("/window")),
  };
  await tab.goto(url);
  return tab;
}

/** One WebDriver session. It controls one tab at a time, so calls wait for each other. */
class WebDriver {
  readonly #base: string;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(base: string) {
    this.#base = base;
  }

  static async start(
    port: number,
    browser: { binary: string; args: string[] },
  ): Promise<WebDriver> {
    const root = `http://127.0.0.1:${port}/session`;
    const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": browser } };
    for (let sends = 0; ; sends++) {
      try {
        const { sessionId } = await ask<{ sessionId: string }>("POST", root, { capabilities });
        return new WebDriver(`${root}/${sessionId}`);
      } catch (error) {
        if (sends === 20) throw error;
        await sleep(250);
      }
    }
  }

  async newTab(): Promise<string> {
    const made = this.#turn.then(() =>
      this.post<{ handle: string }>("/window/new", { type: "tab" }),
    );
    this.#turn = made.catch(() => {});
    return (await made).handle;
  }

  inTab<T>(handle: string, work: (session: WebDriver) => Promise<T>): Promise<T> {
    const done = this.#turn.then(async () => {
      await this.post("/window", { handle });
      return work(this);
    });
    this.#turn = done.catch(() => {});
    return done;
  }

  async run<T>(body: string): Promise<T> {
    const script = `const done = arguments[0];
      (async () => { ${body} })().then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const result = await this.post<{ value: T; error?: string }>("/execute/async", {
      script,
      args: [],
    });
    if (result.error) throw new Error(result.error);
    return result.value;
  }

  post<T = void>(path: string, body: object): Promise<T> {
    return ask<T>("POST", this.#base + path, body);
  }

  delete<T = void>(path: string): Promise<T> {
    return ask<T>("DELETE", this.#base + path);
  }

  end(): Promise<void> {
    return this.delete("");
  }
}

async function ask<T>(method: string, url: string, body?: object): Promise<T> {
  const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  const { value } = (await response.json()) as { value: T };
  if (!response.ok) throw new Error(`${method} ${url}: ${JSON.stringify(value)}`);
  return value;
}
