import { execFile, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

const PATH_NAMES = [
  "google-chrome-stable",
  "google-chrome",
  "chrome",
  "chromium",
  "chromium-browser",
  "microsoft-edge-stable",
  "microsoft-edge",
  "msedge",
  "brave-browser",
  "brave",
];

/**
 * Returns the executable of a Chromium-family browser. Installs a browser when this machine has none.
 * `$BROWSER_PATH` or `$CHROME_PATH` selects an executable.
 */
export async function findBrowser(): Promise<string> {
  for (const name of ["BROWSER_PATH", "CHROME_PATH"]) {
    const path = process.env[name];
    if (!path) continue;
    if (await works(path)) return path;
    throw new Error(
      `$${name} is ${path}, which does not run as a browser. Correct it or unset it.`,
    );
  }
  const found = await firstThatWorks(candidates());
  if (found !== undefined) return found;

  const failure = await install();
  const installed = await firstThatWorks(candidates());
  if (installed !== undefined) return installed;
  throw new Error(
    `No browser on this machine, and none could be installed${failure ? ` (${failure})` : ""}. ` +
      "Install Chrome, Chromium, Edge or Brave, or set $BROWSER_PATH to its executable.",
  );
}

async function firstThatWorks(paths: Iterable<string>): Promise<string | undefined> {
  for (const path of paths) {
    if (existsSync(path) && (await works(path))) return path;
  }
  return undefined;
}

function works(path: string): Promise<boolean> {
  // On Windows `chrome.exe --version` opens a window and prints nothing.
  if (process.platform === "win32") return Promise.resolve(existsSync(path));
  return new Promise((resolve) => {
    execFile(path, ["--version"], { timeout: 20_000 }, (error) => resolve(error === null));
  });
}

function* candidates(): Generator<string> {
  const extension = process.platform === "win32" ? ".exe" : "";
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const name of PATH_NAMES) {
    for (const folder of folders) yield join(folder, name + extension);
  }
  yield* defaultPlaces();
  yield* playwrightCache();
}

function defaultPlaces(): string[] {
  if (process.platform === "win32") {
    return ["PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"]
      .map((name) => process.env[name])
      .filter((root) => root !== undefined)
      .flatMap((root) => [
        join(root, "Google/Chrome/Application/chrome.exe"),
        join(root, "Chromium/Application/chrome.exe"),
        join(root, "Microsoft/Edge/Application/msedge.exe"),
        join(root, "BraveSoftware/Brave-Browser/Application/brave.exe"),
      ]);
  }
  if (process.platform === "darwin") {
    return ["/Applications", join(homedir(), "Applications")].flatMap((root) =>
      ["Google Chrome", "Chromium", "Microsoft Edge", "Brave Browser"].map((name) =>
        join(root, `${name}.app/Contents/MacOS/${name}`),
      ),
    );
  }
  return [
    "/opt/google/chrome/chrome",
    "/usr/lib/chromium/chromium",
    "/usr/lib64/chromium-browser/chromium-browser",
    "/snap/bin/chromium",
    "/opt/microsoft/msedge/msedge",
    "/opt/brave.com/brave/brave",
  ];
}

/** Newest first: `chromium-1200` and `chromium_headless_shell-1200`. The names of their inner folders differ by version. */
function playwrightCache(): string[] {
  const own = process.env["PLAYWRIGHT_BROWSERS_PATH"];
  const root =
    own !== undefined && own !== "" && own !== "0"
      ? own
      : process.platform === "win32"
        ? join(process.env["LOCALAPPDATA"] ?? homedir(), "ms-playwright")
        : process.platform === "darwin"
          ? join(homedir(), "Library/Caches/ms-playwright")
          : join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "ms-playwright");
  const revision = (name: string): number => Number(/\d+$/.exec(name)?.[0] ?? 0);
  return subfolders(root)
    .filter((name) => /^chromium(_headless_shell)?-\d+$/.test(name))
    .sort((a, b) => revision(b) - revision(a))
    .flatMap((name) => subfolders(join(root, name)).map((inner) => join(root, name, inner)))
    .flatMap((folder) =>
      [
        "chrome",
        "headless_shell",
        "chrome-headless-shell",
        "chrome.exe",
        "headless_shell.exe",
        "chrome-headless-shell.exe",
        "Chromium.app/Contents/MacOS/Chromium",
        "Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
      ].map((file) => join(folder, file)),
    );
}

function subfolders(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Installs a browser. Returns an error message when that fails. */
async function install(): Promise<string | undefined> {
  if (process.getuid?.() === 0 && isDebianLike()) {
    const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    say("No browser found; installing Debian's chromium with apt-get. This happens once.");
    // A stale mirror list may fail to update while the package is still available.
    await run("apt-get", ["update", "-qq"], environment);
    return run(
      "apt-get",
      ["install", "-y", "-qq", "--no-install-recommends", "chromium"],
      environment,
    );
  }
  say("No browser found; downloading a headless Chromium with playwright. This happens once.");
  const npx = process.platform === "win32" ? "npx.cmd" : "npx";
  return run(npx, ["playwright", "install", "--only-shell", "chromium"], process.env);
}

function isDebianLike(): boolean {
  try {
    return /^ID(_LIKE)?=.*\bdebian\b/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}

function run(
  command: string,
  args: string[],
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  say(`$ ${command} ${args.join(" ")}`);
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      // Progress goes to standard error: standard output belongs to the calling script.
      stdio: ["ignore", process.stderr, process.stderr],
      env: environment,
      // Node refuses to start .cmd files without a shell.
      shell: process.platform === "win32",
    });
    child.once("error", (error) => resolve(`${command}: ${error.message}`));
    child.once("exit", (code) => resolve(code === 0 ? undefined : `${command} ended with ${code}`));
  });
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
