import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "puppeteer-core";
import { launchBrowser } from "../support/browser.ts";
import { toPalette } from "../support/palette-png.ts";
import { shootDemo } from "./demo-shots.ts";
import { shootElements, type PictureSize } from "./ui-shots.ts";

/** The folder of the pictures that the README and reviews use. */
const KEPT = fileURLToPath(new URL("shots", import.meta.url));
/** The stored pictures of the demo, by their name among all pictures. */
const KEPT_OF_DEMO = {
  "1-signed-out-1280-light": "signed-out",
  "3-signed-in-1280-light": "signed-in",
  "5-two-tabs-1280-light": "two-tabs",
};

const SIZES: readonly PictureSize[] = [360, 1280].flatMap((width) =>
  [false, true].map((dark) => ({ width, dark })),
);

/** Makes all pictures, in full colour. */
async function shootAll(browser: Browser, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await shootDemo(browser, folder, SIZES);
  await shootElements(browser, SIZES, async (name, png) => {
    await writeFile(join(folder, `${name}.png`), png);
  });
}

/** Makes the stored pictures, in few colours. */
async function keep(browser: Browser): Promise<void> {
  const page = await browser.newPage();
  const write = async (name: string, png: Buffer) => {
    await writeFile(join(KEPT, `${name}.png`), await toPalette(page, png));
  };
  await shootElements(browser, SIZES, (name, png) => write(join("ui", name), png));
  const folder = await mkdtemp(join(tmpdir(), "latchkey-shots-"));
  try {
    await shootDemo(browser, folder, [{ width: 1280, dark: false }]);
    for (const [name, stored] of Object.entries(KEPT_OF_DEMO)) {
      await write(stored, await readFile(join(folder, `${name}.png`)));
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function main(folder: string | undefined): Promise<void> {
  const browser = await launchBrowser();
  try {
    await (folder === undefined ? keep(browser) : shootAll(browser, folder));
  } finally {
    await browser.close();
  }
}

/** `npm run shots` makes the stored pictures again. With a folder as its argument, it makes all pictures there. */
main(process.argv[2]).catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
});
