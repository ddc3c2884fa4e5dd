import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build, type Manifest } from "vite";

const APPS = fileURLToPath(new URL("apps/", import.meta.url));

/** How much of Latchkey an app loads for one use. */
export interface Size {
  /** The label in the table of `demo/guides/sizes.md`. */
  readonly what: string;
  /** Size after compression with Brotli. */
  readonly bytes: number;
  /** Raise the limit only in a separate commit that says what the bytes are for. */
  readonly limit: number;
}

/** Chunks that neither a login nor a refresh loads, by use. */
const ASIDE: readonly (Pick<Size, "what" | "limit"> & { readonly sources: readonly string[] })[] = [
  {
    what: "where Web Locks are missing",
    limit: 1_000,
    sources: ["../../../src/browser/tabs/broadcast-tab-lock.ts"],
  },
  {
    what: 'with `persist: "memory"`',
    limit: 2_000,
    sources: ["../../../src/browser/storage/mode-change.ts"],
  },
  {
    what: "with own stores, and sessions in IndexedDB that move to them",
    limit: 2_700,
    sources: [
      "../../../src/browser/storage/own-stores.ts",
      "../../../src/browser/storage/move-sessions.ts",
    ],
  },
  {
    what: "where `getToken()` logs in, and several users",
    limit: 6_200,
    sources: [
      "../../../src/auth/users/users.ts",
      "../../../src/auth/login/token-after-login.ts",
      "../../../src/browser/storage/users-of-sessions.ts",
    ],
  },
  {
    what: "and a logout",
    limit: 3_500,
    sources: ["../../../src/auth/logout/server-logout.ts", "../../../src/oidc/logout.ts"],
  },
  {
    what: "where a user is not remembered",
    limit: 1_000,
    sources: ["../../../src/auth/session/presence.ts"],
  },
  {
    what: "after a 401 of an API",
    limit: 1_200,
    sources: ["../../../src/compose/refused-tokens.chunk.ts"],
  },
  {
    what: "own grants, and user fetchers",
    limit: 2_500,
    sources: ["../../../src/auth/login/more-logins.chunk.ts"],
  },
  {
    what: "where the ID token lacks claims, or a tab opens after an hour",
    limit: 4_500,
    sources: [
      "../../../src/compose/user-check.chunk.ts",
      "../../../src/oidc/more-requests.chunk.ts",
    ],
  },
  {
    what: "`silentSignOn`",
    limit: 1_000,
    sources: ["../../../src/auth/login/silent-sign-on.ts"],
  },
  {
    what: "with a `worker`, in the page",
    limit: 3_100,
    sources: ["../../../src/compose/worker.chunk.ts"],
  },
  {
    what: "after a request without a response",
    limit: 1_000,
    sources: ["../../../src/compose/diagnose.chunk.ts"],
  },
  {
    what: "other grants, userinfo, `endpoints`",
    limit: 3_500,
    sources: ["../../../src/oidc/more-requests.chunk.ts"],
  },
  {
    what: "a client that has a secret or a key",
    limit: 3_500,
    sources: ["../../../src/oidc/token/secret-credentials.ts"],
  },
];

/** The packages of the frameworks that Latchkey has an entry for. */
const FRAMEWORKS = ["react", "vue", "svelte", "svelte/reactivity", "@angular/core", "rxjs"];
const QR = "../../../src/ui/qr.ts";
/** The page that imports a session loads these modules and no others. */
const TAKE_OVER = ["../../../src/import/run-import.ts"];

/** Builds the apps and measures all rows of the table. */
export async function measureSizes(): Promise<readonly Size[]> {
  const [app, popup, frame, moving, callback, react, vue, svelte, angular, ui] = [
    await buildApp("app"),
    await buildApp("popup"),
    await buildApp("frame"),
    await buildApp("moving"),
    await buildApp("callback"),
    await buildApp("react"),
    await buildApp("vue"),
    await buildApp("svelte"),
    await buildApp("angular"),
    await buildApp("ui"),
  ];
  const aside = ASIDE.flatMap(({ sources }) => sources);
  const everyday = [app.entry, ...app.lazy.filter((source) => !aside.includes(source))];
  const entry = app.size([app.entry]);
  const login = app.size(everyday);
  const elements = ui.size([ui.entry]);
  return [
    { what: "`createAuth()`, for a signed-in user", bytes: entry, limit: 18_700 },
    { what: "and with all that a login and a refresh load", bytes: login, limit: 55_800 },
    // Without the chunks of a login: a page has loaded them before, or needs few of them.
    ...ASIDE.map(({ what, limit, sources }) => ({
      what,
      limit,
      bytes: app.size([...everyday, ...sources]) - login,
    })),
    { what: "`PopupUserAgent`", bytes: popup.size([popup.entry]) - entry, limit: 1_700 },
    { what: "`IframeUserAgent`", bytes: frame.size([frame.entry]) - entry, limit: 1_000 },
    { what: "`latchkey/react`", bytes: react.size([react.entry]) - entry, limit: 2_000 },
    { what: "`latchkey/vue`", bytes: vue.size([vue.entry]) - entry, limit: 2_000 },
    { what: "`latchkey/svelte`", bytes: svelte.size([svelte.entry]) - entry, limit: 2_000 },
    { what: "`latchkey/angular`", bytes: angular.size([angular.entry]) - entry, limit: 3_500 },
    { what: "`latchkey/ui`: five elements, and Lit", bytes: elements - entry, limit: 16_700 },
    { what: "and a QR code", bytes: ui.size([ui.entry, QR]) - elements, limit: 4_000 },
    { what: "`importSession()`", bytes: moving.size([moving.entry]) - entry, limit: 1_500 },
    {
      what: "and, once, with a session to import",
      bytes: moving.size([moving.entry, ...TAKE_OVER]) - moving.size([moving.entry]),
      limit: 7_600,
    },
    { what: "`relayResponse()`", bytes: callback.size([callback.entry]), limit: 1_000 },
  ];
}

interface BuiltApp {
  readonly entry: string;
  /** The sources that are loaded by `import()`. */
  readonly lazy: readonly string[];
  /** Bytes of all files that these sources need, each counted once. */
  size(sources: readonly string[]): number;
}

/** Builds an app as its own Vite would. */
async function buildApp(name: string): Promise<BuiltApp> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-size-"));
  try {
    await build({
      configFile: false,
      root: APPS,
      logLevel: "error",
      // Fixed, because tests set another NODE_ENV.
      resolve: { conditions: ["module", "browser", "production"] },
      define: { "process.env.NODE_ENV": '"production"' },
      build: {
        outDir: folder,
        emptyOutDir: true,
        manifest: "manifest.json",
        target: "es2022",
        // An app with a framework has the framework anyway.
        rolldownOptions: { input: join(APPS, `${name}.html`), external: FRAMEWORKS },
        modulePreload: { polyfill: false },
      },
    });
    const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as Manifest;
    const bytes = new Map<string, number>();
    for (const { file } of Object.values(manifest)) {
      bytes.set(file, brotliCompressSync(await readFile(join(folder, file))).byteLength);
    }
    return {
      entry: `${name}.html`,
      lazy: Object.keys(manifest).filter((source) => manifest[source]!.isDynamicEntry),
      size: (sources) => {
        const files = new Set(sources.flatMap((source) => filesOf(manifest, source)));
        return [...files].reduce((sum, file) => sum + bytes.get(file)!, 0);
      },
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The file of a source, and the files that it imports statically. */
function filesOf(manifest: Manifest, source: string): string[] {
  const chunk = manifest[source];
  if (!chunk) throw new Error(`the build has no chunk for ${source}`);
  return [chunk.file, ...(chunk.imports ?? []).flatMap((name) => filesOf(manifest, name))];
}
