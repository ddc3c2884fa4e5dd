import { mkdirSync } from "node:fs";
import type { BareSite } from "../support/bare-site.ts";
import { launchBrowser } from "../support/browser.ts";
import type { Row, Seen } from "./row.ts";
import { CHECK } from "./rows/check.ts";
import { DEVICE } from "./rows/device.ts";
import { FAULTS } from "./rows/faults.ts";
import { LOGINS } from "./rows/logins.ts";
import { LOGOUTS } from "./rows/logouts.ts";
import { REFRESHES } from "./rows/refreshes.ts";
import { PATHS, slugOf, type RunningServer, type ServerKind } from "./server.ts";

/** The end-to-end list. */
export const ROWS: readonly Row[] = [
  ...LOGINS,
  ...REFRESHES,
  ...LOGOUTS,
  ...DEVICE,
  ...FAULTS,
  ...CHECK,
];

/** What a row has seen, or the fault that it has found. */
export type Result = Seen | { readonly fault: string };

/** The results of a server. */
export interface KindResults {
  readonly name: string;
  readonly setup: string;
  /** The day of the run, as `2026-11-30`. */
  readonly date: string;
  readonly server: Pick<RunningServer, "version" | "config" | "configured">;
  /** By the id of the row. */
  readonly results: Readonly<Record<string, Result>>;
}

interface Surroundings {
  readonly site: BareSite;
  readonly strangeSite: BareSite;
  /** The folder for programs and data, which stays for the next run. */
  readonly folder: string;
  readonly rows: readonly Row[];
  readonly say: (line: string) => void;
}

/** A row that has not ended after this time has found a fault. Milliseconds. */
const ROW_MS = 180_000;

/**
 * Installs, starts, drives and stops one kind of server.
 * @throws CannotStart this machine cannot start it
 */
export async function runKind(kind: ServerKind, around: Surroundings): Promise<KindResults> {
  const { say } = around;
  const folder = `${around.folder}/${slugOf(kind)}`;
  mkdirSync(folder, { recursive: true });
  const [site, strangeSite] = [around.site, around.strangeSite].map((site) => at(kind, site)) as [
    BareSite,
    BareSite,
  ];
  const redirectUris = [site, strangeSite].flatMap(({ origin }) =>
    [PATHS.page, PATHS.relay].map((path) => origin + path),
  );
  const app = { origin: site.origin, strangeOrigin: strangeSite.origin, redirectUris };
  const server = await kind.start(app, folder);
  const browser = await launchBrowser({ args: kind.browserArgs ?? [] });
  const results: Record<string, Result> = {};
  try {
    for (const row of around.rows) {
      if (kind.rows && !kind.rows.includes(row.id)) continue;
      const context = await browser.createBrowserContext();
      const bench = { server, browser, site, strangeSite, context };
      const result = await Promise.race([row.run(bench), late()]).catch(
        (error: unknown): Result => ({ fault: messageOf(error) }),
      );
      results[row.id] = result;
      say(`${kind.name}, ${kind.setup}: ${row.title}: ${describe(result)}`);
      await context.close();
    }
  } finally {
    await Promise.all([browser.close(), server.stop()]);
  }
  const { version, config, configured } = server;
  return {
    name: kind.name,
    setup: kind.setup,
    date: new Date().toISOString().slice(0, 10),
    server: { version, config, configured },
    results,
  };
}

/** The site under the host of the kind. */
function at({ appHost }: ServerKind, site: BareSite): BareSite {
  return { ...site, origin: site.origin.replace("localhost", appHost ?? "localhost") };
}

function late(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`not ended after ${ROW_MS} ms`)), ROW_MS).unref();
  });
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

function describe(result: Result): string {
  if ("fault" in result) return `FAULT ${result.fault}`;
  return result.holds ? `yes${result.note ? `: ${result.note}` : ""}` : `no: ${result.why}`;
}
