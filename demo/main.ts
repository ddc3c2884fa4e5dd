import { importQuietly } from "./server/import-quietly.ts";

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(): Promise<void> {
  // oidc-provider warns at the console about Node 20, which Latchkey supports.
  const { startDemo } = await importQuietly(() => import("./server/demo.ts"));
  const demo = await startDemo({ say });
  say(`The identity provider runs at ${demo.issuer}. Ctrl+C stops everything.`);
  say(`\n  Open the demo:  ${demo.url}\n`);

  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    demo.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
}

main().catch((error: unknown) => {
  process.stderr.write(
    `The demo could not start: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(1);
});
