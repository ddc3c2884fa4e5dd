import { fileURLToPath } from "node:url";
import { serveApi } from "./api.ts";
import { handle, listenOnLoopback } from "./loopback.ts";
import { startProvider, type ProviderOptions, type RunningProvider } from "./provider.ts";
import { serveBuild, serveSources, type Page } from "./site.ts";

export interface DemoOptions extends Omit<ProviderOptions, "port" | "origins"> {
  /** The first port to try; a taken port is skipped. 0: any free port. Default: 5173. */
  readonly appPort?: number;
  /** The first port to try; a taken port is skipped. 0: any free port. Default: 4700. */
  readonly providerPort?: number;
  /** Serve a production build instead of the dev server. Default: false. */
  readonly built?: boolean;
  /** More pages on the app's origin. Needs `built`. */
  readonly pages?: readonly Page[];
  /** Prints a line to the console. */
  readonly say?: (line: string) => void;
}

export interface RunningDemo {
  /** The app's URL, with a slash at the end. */
  readonly url: string;
  readonly origin: string;
  readonly issuer: string;
  readonly provider: RunningProvider;
  /** Each request to the app's origin, such as `GET /api/me`, in the order of arrival. */
  readonly requests: string[];
  close(): Promise<void>;
}

const APP: Page = { base: "/", root: fileURLToPath(new URL("../app", import.meta.url)) };

/** Starts the app, its API and its provider in one process, on two ports of `localhost`. */
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
