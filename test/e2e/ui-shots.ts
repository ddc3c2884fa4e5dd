import type { Browser, Page } from "puppeteer-core";
import { openTab } from "../support/browser.ts";
import { startUiPage } from "../support/ui-page.ts";
import type { Scene } from "./ui-page/scenes.ts";

/** Width of a page in pixels, and its colour scheme. */
export interface PictureSize {
  readonly width: number;
  readonly dark: boolean;
}

/** By element: its scenes, and the part of the page that the picture shows. */
const ELEMENTS: Readonly<Record<string, { scenes: readonly Scene[]; part: string }>> = {
  users: { scenes: ["users", "search", "refused"], part: "latchkey-users >>> dialog" },
  remember: { scenes: ["remember"], part: "latchkey-remember >>> .card" },
  device: {
    scenes: ["waiting", "retrying", "approved", "expired"],
    part: "latchkey-device >>> dialog",
  },
  button: {
    scenes: ["loading", "anonymous", "authenticating", "failed", "relogin", "authenticated"],
    part: "latchkey-button >>> button, latchkey-button >>> .place",
  },
};
const MARGIN = 32;

/** A picture of one part, without the focus ring that a script's focus draws. Tests check the ring. */
async function cutOut(page: Page, scene: Scene, part: string): Promise<string> {
  // Browsers do not draw tabs in the background.
  await page.bringToFront();
  await page.evaluate((name) => window.show(name), scene);
  const shown = scene === "authenticated" ? "latchkey-button >>> .menu[data-placed]" : part;
  if (scene === "authenticated") await page.click("latchkey-button >>> .face");
  // With `visible`, Puppeteer checks each frame; otherwise it misses changes in shadow trees.
  if (scene === "waiting" || scene === "retrying")
    await page.waitForSelector("latchkey-device >>> .qr svg", { visible: true });
  const element = await page.waitForSelector(shown, { visible: true });
  await page.evaluate(() => {
    for (const { shadowRoot } of document.querySelectorAll("latchkey-users, latchkey-device"))
      (shadowRoot?.activeElement as HTMLElement | null | undefined)?.blur();
  });
  const box = await element!.boundingBox();
  if (!box) throw new Error(`the scene ${scene} is not visible`);
  // The text below the button belongs to the picture.
  const problem = await page.$("latchkey-button >>> .problem");
  const text = await problem?.boundingBox();
  if (text) {
    box.width = Math.max(box.width, text.x + text.width - box.x);
    box.height = text.y + text.height - box.y;
  }
  const { width, height } = page.viewport()!;
  const x = Math.max(0, box.x - MARGIN);
  // With the face above its menu.
  const y = scene === "authenticated" ? 0 : Math.max(0, box.y - MARGIN);
  const data = await page.screenshot({
    encoding: "base64",
    clip: {
      x,
      y,
      width: Math.min(width, box.x + box.width + MARGIN) - x,
      height: Math.min(height, box.y + box.height + MARGIN) - y,
    },
  });
  await page.evaluate(() => window.leave());
  if (scene !== "authenticated") await page.keyboard.press("Escape");
  return data;
}

/** The pictures of one element side by side, on the background colour of the first one. */
async function sheet(
  browser: Browser,
  pictures: readonly string[],
  columns: number,
): Promise<Buffer> {
  const page = await browser.newPage();
  await page.setViewport({ width: 1300, height: 100 });
  const images = pictures.map((data) => `<img src="data:image/png;base64,${data}">`).join("");
  await page.setContent(
    `<body style="margin:0"><div id="sheet" style="display:inline-grid;grid-template-columns:repeat(${columns},auto);align-items:start;gap:16px">${images}</div>`,
  );
  await page.evaluate(async () => {
    const image = document.querySelector("img")!;
    await image.decode();
    const context = new OffscreenCanvas(1, 1).getContext("2d")!;
    context.drawImage(image, 0, 0);
    const behind = context.getImageData(0, 0, 1, 1).data.slice(0, 3);
    document.querySelector<HTMLElement>("#sheet")!.style.background = `rgb(${behind.join()})`;
  });
  const element = (await page.$("#sheet"))!;
  const png = Buffer.from(await element.screenshot());
  await page.close();
  return png;
}

/** Makes a picture of each element for each size. `write` gets its name, such as `users-360-dark`. */
export async function shootElements(
  browser: Browser,
  sizes: readonly PictureSize[],
  write: (name: string, png: Buffer) => Promise<void>,
): Promise<void> {
  const site = await startUiPage();
  try {
    for (const { width, dark } of sizes) {
      const { page } = await openTab(await browser.createBrowserContext(), site.url, {
        width,
        height: 560,
        dark,
      });
      await page.waitForSelector("latchkey-button >>> button");
      // Hidden, so that no text is cut off.
      await page.$$eval("h1, main", (texts) =>
        texts.forEach((text) => (text.style.visibility = "hidden")),
      );
      for (const [name, { scenes, part }] of Object.entries(ELEMENTS)) {
        await page.$eval(
          "latchkey-button",
          (button, isShown) => (button.hidden = !isShown),
          name === "button",
        );
        const pictures: string[] = [];
        for (const scene of scenes) pictures.push(await cutOut(page, scene, part));
        const theme = dark ? "dark" : "light";
        await write(
          `${name}-${width}-${theme}`,
          await sheet(
            browser,
            pictures,
            scenes.length > 4 ? scenes.length : Math.min(2, scenes.length),
          ),
        );
      }
      await page.browserContext().close();
    }
  } finally {
    await site.close();
  }
}
