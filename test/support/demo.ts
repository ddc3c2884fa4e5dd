import { fileURLToPath } from "node:url";
import { startDemo, type DemoOptions, type RunningDemo } from "../../demo/server/demo.ts";

const BARE_PAGE = {
  base: "/bare/",
  root: fileURLToPath(new URL("../e2e/page", import.meta.url)),
};

/** Starts the built demo on free ports, with the bare page at `/bare/`. */
export function startBuiltDemo(options: DemoOptions = {}): Promise<RunningDemo> {
  return startDemo({ appPort: 0, providerPort: 0, built: true, pages: [BARE_PAGE], ...options });
}
