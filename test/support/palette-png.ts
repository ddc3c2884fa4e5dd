import { crc32, deflateSync } from "node:zlib";
import type { Page } from "puppeteer-core";

/** First the most frequent colours, such as the close steps of a shadow; then colours that differ from all others. */
const STAGES: readonly { readonly colours: number; readonly apart: number }[] = [
  { colours: 40, apart: 6 },
  { colours: 80, apart: 300 },
];

/** Reduces the colours of a picture, which saves two thirds of the bytes. The canvas of `page`, any page, reads the pixels. */
export async function toPalette(page: Page, png: Buffer): Promise<Buffer> {
  const { width, height, data } = await page.evaluate(readPixels, png.toString("base64"));
  const pixels = Buffer.from(data, "base64");
  const counts = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += 4) {
    const colour = pixels.readUInt32BE(at);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const palette = frequent(counts);
  const nearest = new Map([...counts.keys()].map((colour) => [colour, near(colour, palette)]));
  // One byte before each row: no filter.
  const rows = Buffer.alloc((width + 1) * height);
  for (let at = 0; at < width * height; at++) {
    rows[at + Math.floor(at / width) + 1] = nearest.get(pixels.readUInt32BE(at * 4))!;
  }
  return encode(width, height, palette, rows);
}

/** Runs in the page. RGBA, base64. */
async function readPixels(png: string): Promise<{ width: number; height: number; data: string }> {
  const blob = await (await fetch(`data:image/png;base64,${png}`)).blob();
  const bitmap = await createImageBitmap(blob);
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d")!;
  context.drawImage(bitmap, 0, 0);
  let text = "";
  for (const byte of context.getImageData(0, 0, width, height).data)
    text += String.fromCharCode(byte);
  return { width, height, data: btoa(text) };
}

function frequent(counts: ReadonlyMap<number, number>): readonly number[] {
  const sorted = [...counts].sort((a, b) => b[1] - a[1]).map(([colour]) => colour);
  const palette: number[] = [];
  for (const { colours, apart } of STAGES) {
    for (const colour of sorted) {
      if (palette.length === colours) break;
      if (palette.every((other) => distance(colour, other) > apart)) palette.push(colour);
    }
  }
  return palette;
}

function near(colour: number, palette: readonly number[]): number {
  const distances = palette.map((other) => distance(colour, other));
  return distances.indexOf(Math.min(...distances));
}

/** The squared distance of two RGBA colours. */
const distance = (a: number, b: number) =>
  [8, 16, 24].reduce((sum, bit) => sum + (((a >>> bit) & 255) - ((b >>> bit) & 255)) ** 2, 0);

/** Encodes an image of colour type 3. @see https://www.w3.org/TR/png-3/#11PLTE */
function encode(width: number, height: number, palette: readonly number[], rows: Buffer): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const colours = palette.flatMap((colour) => [24, 16, 8].map((bit) => (colour >>> bit) & 255));
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(colours)),
    chunk("IDAT", deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}
