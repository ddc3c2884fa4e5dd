import { playwright } from "@vitest/browser-playwright";
import { compile } from "svelte/compiler";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { compileScript, parse } from "vue/compiler-sfc";
import { findBrowser } from "./test/support/find-browser.ts";

export default defineConfig(async ({ mode }) => ({
  build: {
    target: "es2022",
    minify: false,
    sourcemap: true,
    lib: {
      entry: {
        angular: "src/angular.ts",
        callback: "src/callback.ts",
        "check/main": "src/check/main.ts",
        confidential: "src/confidential.ts",
        index: "src/index.ts",
        parts: "src/parts.ts",
        react: "src/react.ts",
        redis: "src/redis.ts",
        svelte: "src/svelte.ts",
        testing: "src/testing.ts",
        ui: "src/ui.ts",
        vue: "src/vue.ts",
        worker: "src/worker.ts",
      },
      formats: ["es" as const],
    },
    rolldownOptions: {
      external: [/^[^./]/],
      // It is kept: "use client" stays the first line of react.js.
      checks: { moduleLevelDirective: false },
      output: { preserveModules: true, preserveModulesRoot: "src", entryFileNames: "[name].js" },
    },
  },
  test: {
    // A run that passes fits on two screens. A test that fails shows what was logged during it.
    reporters: ["dot"],
    silent: "passed-only" as const,
    // oidc-provider says so under Node 20, which Latchkey supports.
    onConsoleLog: (line: string) => !line.includes("WARNING: Unsupported runtime"),
    ...(mode === "test" ? { projects: await projects() } : MODES[mode]),
  },
}));

const UNIT = [
  "test/{auth,check,compose,core,environments,fetch,grants,import,memory,oidc,outage,refresh,service,simulation,size,testing,worker}/**/*.test.ts",
  "test/*.test.ts",
  "test/redis/*.test.ts",
];

/**
 * Apps with a framework's router, with the elements, with sessions of another SDK, at a plain provider, in 50 tabs, two of
 * everything, and a worker in the apps of each bundler. The examples are native shells, a terminal, a browser extension, and
 * projects that test with `latchkey/testing`.
 */
const APPS = [
  "test/e2e/{routers,ui,moving,plain-provider,many-tabs,two-of-everything,bundlers}.test.ts",
  "test/examples/{*,capacitor/*,electron/*,extension/*,terminal/*}.test.ts",
];

/** Node warns when one AbortSignal has more than ten listeners. Many tests start that many calls with one signal. */
const QUIET_NODE = ["--disable-warning=MaxListenersExceededWarning"];

/** By `vitest run --mode`: what `npm test` does not run, or not in this way. */
const MODES: Readonly<Record<string, object>> = {
  /** `npm run test:engines`: needs Firefox and WebKit, which `npm test` does not. */
  engines: {
    include: ["test/engines/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // All files drive WebKit through the same port.
    fileParallelism: false,
  },
  /** `npm run test:demo`: the demo, in each size and colour scheme, and with the keyboard alone. `.ci/run` runs it, too. */
  demo: {
    include: ["test/e2e/demo*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
  /** `npm run test:apps`: whole apps, which take a minute each. `.ci/run` runs it, too. */
  apps: {
    include: APPS,
    execArgv: QUIET_NODE,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
  /** `npm run test:redis`: eight processes that share a Redis server. Installs `redis-server` on Debian. */
  redis: {
    include: ["test/redis/**/*.test.ts"],
    globalSetup: ["test/redis/install.ts"],
    testTimeout: 180_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
  /** `npm run test:hour`: what Latchkey asks by itself within an hour, with every fault and up to five tabs. */
  hour: {
    include: ["test/hour/*.test.ts"],
    testTimeout: 900_000,
    hookTimeout: 60_000,
    maxConcurrency: 3,
  },
  /** `npm run test:node` runs this with each version of Node. The excluded tests only compute, alike in each version. */
  node: {
    include: [...UNIT, "test/e2e/demo-react.test.ts"],
    exclude: ["test/{outage,simulation,size}/**"],
    maxWorkers: 2,
    execArgv: QUIET_NODE,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
};

/** Found while tests run, they would reload the page under them. */
const FRAMEWORKS = [
  "@angular/common",
  "@angular/common/http",
  "@angular/common/http/testing",
  "@angular/compiler",
  "@angular/core",
  "@angular/core/testing",
  "@angular/platform-browser/testing",
  "@angular/router",
  "@angular/router/testing",
  "@tanstack/react-router",
  "react",
  "react-dom",
  "react-dom/client",
  "react-dom/server.browser",
  "react-router",
  "react/jsx-dev-runtime",
  "rxjs",
  "lit",
  "lit/directives/keyed.js",
  "lit/directives/repeat.js",
  "svelte",
  "svelte/internal/client",
  "svelte/internal/disclose-version",
  "svelte/internal/flags/legacy",
  "svelte/reactivity",
  "svelte/store",
  "uqr",
  "vue",
  "vue-router",
  "vue/server-renderer",
];

/** Vue asks for them at the console. */
const VUE_FLAGS = {
  __VUE_OPTIONS_API__: "false",
  __VUE_PROD_DEVTOOLS__: "false",
  __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
};

const vueCompiler: Plugin = {
  name: "vue-compiler",
  transform: (code, id) =>
    id.endsWith(".vue")
      ? compileScript(parse(code).descriptor, { id, inlineTemplate: true }).content
      : undefined,
};

const svelteCompiler: Plugin = {
  name: "svelte-compiler",
  transform: (code, id) =>
    id.endsWith(".svelte") ? compile(code, { filename: id, generate: "client" }).js : undefined,
};

/**
 * `npm run test:chaos`: tabs and servers that fail in the middle of a refresh. It takes minutes with the real constants, and
 * needs a machine that does nothing else.
 */
const CHAOS = {
  test: {
    name: "chaos",
    // Alone: its times are those of a machine that does nothing else.
    sequence: { groupOrder: 2 },
    include: ["test/chaos/**/*.test.ts"],
    // A test waits for its turn, too.
    testTimeout: process.env["CHAOS"] === "real" ? 1_800_000 : 180_000,
    hookTimeout: 120_000,
    // Most of the time is waiting.
    maxConcurrency: 8,
    fileParallelism: false,
  },
};

/** Pure code in Node, what is built on the platform inside of a real browser, and the whole from outside of one. */
async function projects() {
  const executablePath = await findBrowser();
  return [
    {
      test: {
        name: "unit",
        maxWorkers: 2,
        execArgv: QUIET_NODE,
        include: UNIT,
        // On a busy machine a test that only computes may take long, too.
        testTimeout: 30_000,
      },
    },
    {
      plugins: [svelteCompiler, vueCompiler],
      define: VUE_FLAGS,
      optimizeDeps: { include: FRAMEWORKS },
      resolve: { alias: { "$app/navigation": "/test/frameworks/app-navigation.ts" } },
      test: {
        name: "browser",
        sequence: { groupOrder: 1 },
        include: ["test/{browser,react,frameworks,ui}/**/*.test.{ts,tsx}"],
        browser: {
          enabled: true,
          headless: true,
          screenshotFailures: false,
          instances: [{ browser: "chromium" as const }],
          provider: playwright({ launchOptions: { executablePath, args: ["--no-sandbox"] } }),
        },
      },
    },
    {
      test: {
        name: "e2e",
        execArgv: QUIET_NODE,
        include: ["test/e2e/**/*.test.ts"],
        exclude: ["test/e2e/demo*.test.ts", ...APPS],
        testTimeout: 60_000,
        hookTimeout: 120_000,
        // Each file starts its own provider and browser; two cores carry two of them.
        maxWorkers: 2,
      },
    },
    ...(process.env["CHAOS"] ? [CHAOS] : []),
  ];
}
