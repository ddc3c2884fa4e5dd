import { readdirSync } from "node:fs";
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, createServer, type InlineConfig } from "vite";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

/** A folder with HTML pages, served under `base`. The server replaces `__ISSUER__` in the pages by the issuer. */
export interface Page {
  readonly base: string;
  readonly root: string;
}

export interface Site {
  readonly listener: RequestListener;
  close(): Promise<void>;
}

function config({ base, root }: Page, issuer: string): InlineConfig {
  return {
    configFile: false,
    root,
    base,
    logLevel: "warn",
    publicDir: false,
    cacheDir: `${REPOSITORY}node_modules/.cache/latchkey-demo`,
    plugins: [
      { name: "issuer", transformIndexHtml: (page) => page.replaceAll("__ISSUER__", issuer) },
    ],
  };
}

/** Vite bundles these packages at start: if it discovered one later, it would reload the page during a login. */
const OPTIMIZED_AT_START = [
  "idb-keyval",
  "jose",
  "lit",
  "lit/directives/keyed.js",
  "lit/directives/repeat.js",
  "oidc-client-ts",
  "react",
  "react-dom/client",
  "react/jsx-dev-runtime",
  "uqr",
];

/** Serves the sources with Vite's dev server, so that changes show at once. */
export async function serveSources(page: Page, issuer: string, server: Server): Promise<Site> {
  const vite = await createServer({
    ...config(page, issuer),
    appType: "spa",
    server: { middlewareMode: true, hmr: { server }, fs: { allow: [REPOSITORY] } },
    optimizeDeps: { include: OPTIMIZED_AT_START },
  });
  return { listener: vite.middlewares, close: () => vite.close() };
}

/** Serves a production build of the pages from memory. */
export async function serveBuild(pages: readonly Page[], issuer: string): Promise<Site> {
  const files = new Map<string, string | Uint8Array>();
  for (const page of pages) {
    const outputs = await build({
      ...config(page, issuer),
      build: {
        write: false,
        target: "es2022",
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        // Only frameworks use the `"use client"` directive of the React entry.
        rolldownOptions: { input: pagesIn(page.root), checks: { moduleLevelDirective: false } },
      },
    });
    for (const output of [outputs].flat()) {
      if (!("output" in output)) continue;
      for (const file of output.output) {
        files.set(page.base + file.fileName, file.type === "chunk" ? file.code : file.source);
      }
    }
  }
  const bases = pages.map(({ base }) => base).sort((a, b) => b.length - a.length);
  return {
    listener: (request, response) => serveFile(files, bases, issuer, request, response),
    close: () => Promise.resolve(),
  };
}

function pagesIn(root: string): string[] {
  return readdirSync(root)
    .filter((name) => name.endsWith(".html"))
    .map((name) => join(root, name));
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

function serveFile(
  files: ReadonlyMap<string, string | Uint8Array>,
  bases: readonly string[],
  issuer: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  const base = bases.find((prefix) => pathname.startsWith(prefix)) ?? "/";
  const path = extname(pathname) === "" ? pageAt(pathname, base, files) : pathname;
  const body = files.get(path);
  if (body === undefined) {
    response.writeHead(404, { "Content-Type": "text/plain" }).end("Not found");
    return;
  }
  response.writeHead(200, {
    "Content-Type": TYPES[extname(path)] ?? "application/octet-stream",
    "Cache-Control": path.endsWith(".html") ? "no-store" : "max-age=31536000, immutable",
    "Content-Security-Policy": contentSecurityPolicy(issuer),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(body);
}

/** `/tv` serves `tv.html`, as in the dev server. An unknown path serves `index.html`, so that the app can handle it. */
function pageAt(
  pathname: string,
  base: string,
  files: ReadonlyMap<string, string | Uint8Array>,
): string {
  return files.has(`${pathname}.html`) ? `${pathname}.html` : `${base}index.html`;
}

/** The strictest policy that works with Latchkey. */
function contentSecurityPolicy(issuer: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' ${issuer}`,
    `connect-src 'self' ${issuer}`,
    `frame-src 'self' ${issuer}`,
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'self'",
    "require-trusted-types-for 'script'",
  ].join("; ");
}
