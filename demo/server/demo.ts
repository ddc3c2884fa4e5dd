import { fileURLToPath } from "node:url";
import { serveApi } from "./api.ts";
import { handle, listenOnLoopback } from "./loopback.ts";
import { startProvider, type ProviderOptions, type RunningProvider } from "./provider.ts";
import { serveBuild, serveSources, type Page } from "./site.ts";

export interface DemoOptions extends Omit<ProviderOptions, "port" | "origins"> {
  /** Default 5173; the next free one is taken. 0: any. */
  readonly appPort?: number;
  /** Default 4700; the next free one is taken. 0: any. */
  readonly providerPort?: number;
  /** Serve a production build in place of the dev server. */
  readonly built?: boolean;
  /** More pages on the app's origin; with `built` only. */
  readonly pages?: readonly Page[];
  /** Told what a person at the console should know. */
  readonly say?: (line: string) => void;
}

export interface RunningDemo {
  /** Of the app, with a slash at the end. */
  readonly url: string;
  readonly origin: string;
  readonly issuer: string;
  readonly provider: RunningProvider;
  /** Each request that came to the app's origin, such as `GET /api/me`, in the order of arrival. */
  readonly requests: string[];
  close(): Promise<void>;
}

const APP: Page = { base: "/", root: fileURLToPath(new URL("../app", import.meta.url)) };

/** The app, its API and its provider: one process, two ports of `localhost`. */
export async function startDemo(options: DemoOptions = {}): Promise<RunningDemo> {
  const {
    appPort = 5173,
    providerPort = 4700,
    built = false,
    pages = [],
    say = () => undefined,
    ...rest
  } = options;
  const app = await listenOnLoopback(appPort);
  const provider = await startProvider({ ...rest, port: providerPort, origins: [app.origin] });
  const { issuer } = provider;
  if (appPort !== 0 && app.port !== appPort)
    say(`Port ${appPort} is taken; the app uses ${app.port}.`);
  const issuerPort = Number(new URL(issuer).port);
  if (providerPort !== 0 && issuerPort !== providerPort) {
    say(`Port ${providerPort} is taken; the identity provider uses ${issuerPort}.`);
  }

  const site = built
    ? await serveBuild([APP, ...pages], issuer)
    : await serveSources(APP, issuer, app.server);
  const requests: string[] = [];
  handle(app, (request, response) => {
    const { pathname } = new URL(request.url ?? "/", app.origin);
    requests.push(`${request.method ?? "GET"} ${pathname}`);
    if (!pathname.startsWith("/api/")) return site.listener(request, response);
    serveApi(provider.provider, request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });

  return {
    url: `${app.origin}/`,
    origin: app.origin,
    issuer,
    provider,
    requests,
    close: async () => {
      await site.close();
      await Promise.all([app.close(), provider.close()]);
    },
  };
}
