import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import * as vite from "vite";
import webpack from "webpack";

/** An app that uses the built package, built by one bundler. */

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
const SOURCE = join(REPOSITORY, "test/e2e/bundled");
/** Inside of `node_modules`, so that the package finds the packages that it needs. */
const CACHE = join(REPOSITORY, "node_modules/.cache/latchkey-bundled");

/** Builds the package into `dist` of a folder, as `npm run build` does, without its types. Default: the folder of the apps. */
export async function buildPackage(folder: string = CACHE): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await vite.build({
    root: REPOSITORY,
    configFile: join(REPOSITORY, "vite.config.ts"),
    mode: "production",
    logLevel: "warn",
    build: { outDir: join(folder, "dist"), emptyOutDir: true },
  });
}

/** Writes the app into a folder of its own, in which the package is installed. `extension`: of the app's files. */
async function writeApp(name: string, extension: ".ts" | ".js"): Promise<string> {
  const folder = join(CACHE, name);
  const installed = join(folder, "node_modules/latchkey");
  await mkdir(installed, { recursive: true });
  await cp(join(CACHE, "dist"), join(installed, "dist"), { recursive: true });
  await cp(join(REPOSITORY, "package.json"), join(installed, "package.json"));
  // Without a package of its own, the app would be a part of this package, and import itself.
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "app", type: "module" }));
  for (const file of ["main", "auth-worker"]) {
    const code = (await readFile(join(SOURCE, `${file}.ts`), "utf8"))
      .replace("../../../src/index.ts", "latchkey")
      .replace("../../../src/worker.ts", "latchkey/worker");
    const { code: script } = await esbuild.transform(code, { loader: "ts", target: "es2022" });
    const written = extension === ".ts" ? code : script.replace("auth-worker.ts", "auth-worker.js");
    await writeFile(join(folder, file + extension), written);
  }
  return folder;
}

const page = (script: string): string =>
  `<!doctype html><title>App</title><script type="module" src="/${script}"></script>`;

/** A running app. */
export interface RunningApp {
  readonly listener: RequestListener;
  close(): Promise<void>;
}

/** Starts the app of each bundler, by name. */
export const BUNDLERS: Readonly<Record<string, () => Promise<RunningApp>>> = {
  "Vite, built": async () => {
    const root = await writeApp("vite", ".ts");
    await writeFile(join(root, "index.html"), page("main.ts"));
    await vite.build({
      root,
      configFile: false,
      logLevel: "warn",
      worker: {
        rolldownOptions: {
          output: {
            entryFileNames: ({ name: worker }) =>
              worker === "auth-worker" ? "auth-worker.js" : "assets/[name]-[hash].js",
          },
        },
      },
    });
    return serveFolder(join(root, "dist"));
  },
  "Vite's dev server": async () => {
    const root = await writeApp("vite-dev", ".ts");
    await writeFile(join(root, "index.html"), page("main.ts"));
    const server = await vite.createServer({
      root,
      configFile: false,
      logLevel: "warn",
      cacheDir: join(root, "cache"),
      server: { middlewareMode: true, hmr: false, ws: false, fs: { strict: false } },
    });
    return { listener: server.middlewares, close: () => server.close() };
  },
  webpack: async () => {
    const root = await writeApp("webpack", ".js");
    const main = await readFile(join(root, "main.js"), "utf8");
    const named = 'new SharedWorker(/* webpackChunkName: "auth-worker" */ ';
    await writeFile(join(root, "main.js"), main.replace("new SharedWorker(", named));
    await new Promise<void>((resolve, reject) => {
      webpack(
        {
          mode: "production",
          context: root,
          entry: "./main.js",
          output: {
            path: join(root, "dist"),
            filename: "main.js",
            chunkFilename: ({ chunk }) =>
              chunk?.name === "auth-worker" ? "auth-worker.js" : "[name].[contenthash].js",
            publicPath: "/",
          },
        },
        (error, stats) => {
          if (error || stats?.hasErrors()) reject(error ?? new Error(stats?.toString()));
          else resolve();
        },
      );
    });
    await writeFile(join(root, "dist/index.html"), page("main.js"));
    return serveFolder(join(root, "dist"));
  },
  Rollup: async () => {
    const root = await writeApp("rollup", ".js");
    const bundle = await rollup({
      input: [join(root, "main.js"), join(root, "auth-worker.js")],
      plugins: [nodeResolve({ browser: true })],
    });
    await bundle.write({ dir: join(root, "dist"), format: "es", entryFileNames: "[name].js" });
    await bundle.close();
    await writeFile(join(root, "dist/index.html"), page("main.js"));
    return serveFolder(join(root, "dist"));
  },
  esbuild: async () => {
    const root = await writeApp("esbuild", ".js");
    await esbuild.build({
      entryPoints: [join(root, "main.js"), join(root, "auth-worker.js")],
      bundle: true,
      splitting: true,
      format: "esm",
      outdir: join(root, "dist"),
      logLevel: "error",
    });
    await writeFile(join(root, "dist/index.html"), page("main.js"));
    return serveFolder(join(root, "dist"));
  },
};

/** Serves the files of a folder. A path without an extension is the page of the app. */
function serveFolder(folder: string): RunningApp {
  return {
    listener: (request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://localhost");
      const path = extname(pathname) === "" ? "/index.html" : pathname;
      const type = path.endsWith(".html") ? "text/html" : "text/javascript";
      readFile(join(folder, path)).then(
        (body) => response.writeHead(200, { "Content-Type": type }).end(body),
        () => response.writeHead(404).end(),
      );
    },
    close: () => Promise.resolve(),
  };
}
