import { windows, WINDOW_S, type Measures } from "./measures.ts";
import { axes, path, x, y, type Panel, type Point } from "./panel.ts";
import type { Curve } from "./simulate.ts";

/** A curve of the drawing, with its measures. */
export interface Drawn {
  readonly curve: Curve;
  readonly measures: Measures;
}

const WIDTH = 760;
const HEIGHT = 560;
const AWAY: Omit<Panel, "minutes" | "highest"> = { left: 52, top: 96, width: 676, height: 220 };
const BACK = { ...AWAY, top: 376, height: 150 };

/** Draws requests over time as multiples of the steady rate. A second panel enlarges the time after the return. Returns SVG. */
export function draw(drawn: readonly Drawn[], bound: number): string {
  const { from, until, counts } = drawn[0]!.curve;
  const [back, end] = [until - from, counts.length - from].map((second) => second / 60) as [
    number,
    number,
  ];
  const highest = Math.ceil(Math.max(...drawn.map(({ measures }) => measures.peakAway)));
  const all: Panel = { ...AWAY, minutes: [-1, end], highest };
  const after: Panel = { ...BACK, minutes: [back, end], highest: bound * 1.2 };
  const lines = drawn.map(({ curve, measures }) => pointsOf(curve, measures.steady));
  const marks = (first: number) =>
    Array.from({ length: Math.floor((end - first) / 2) + 1 }, (_, i) => first + 2 * i);
  const steps = Array.from({ length: Math.floor(highest / 3) + 1 }, (_, i) => 3 * i);

  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title">
<title id="title">Token requests while a server is down and after its return, as multiples of the steady rate</title>
<style>${STYLE}</style>
<rect class="card" x=".5" y=".5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="10"/>
<text class="head" x="20" y="30">Token requests per second, as a multiple of the steady rate</text>
${legend(drawn)}
<rect class="away" x="${x(all, 0)}" y="${all.top}" width="${x(all, back) - x(all, 0)}" height="${all.height}"/>
<text x="${x(all, back) - 8}" y="${all.top + 16}" text-anchor="end">the server is down</text>
<text x="${x(all, back) + 8}" y="${all.top + 16}">and up again</text>
${axes(all, steps, marks(0))}
${curves(all, lines)}
<text class="head" x="20" y="${after.top - 16}">After the return</text>
${axes(after, [0, bound / 2], marks(back))}
<path class="bound" d="M${after.left} ${y(after, bound)}h${after.width}"/>
<text x="${after.left - 8}" y="${y(after, bound)}" dy=".35em" text-anchor="end">${bound}×</text>
<text x="${x(after, back + 3)}" y="${y(after, bound) - 6}" text-anchor="middle">the bound</text>
${curves(after, lines)}
</svg>
`;
}

function pointsOf({ counts, from }: Curve, steady: number): Point[] {
  return windows(counts, WINDOW_S)
    .map((mean, second) => ({
      minute: (second + WINDOW_S / 2 - from) / 60,
      rate: mean / steady,
    }))
    .filter((_, second) => second % WINDOW_S === 0);
}

function curves(panel: Panel, lines: readonly (readonly Point[])[]): string {
  const { left, top, width, height } = panel;
  // The nested `svg` clips curves that are higher than the panel.
  const paths = lines.map((points, i) => `<path class="line c${i}" d="${path(panel, points)}"/>`);
  return `<svg x="${left}" y="${top}" width="${width}" height="${height}" viewBox="${left} ${top} ${width} ${height}">
${paths.join("\n")}
</svg>`;
}

function legend(drawn: readonly Drawn[]): string {
  const columns = [20, 190, 340];
  return drawn
    .map(({ curve: { kind } }, i) => {
      const left = columns[i % columns.length]!;
      const top = 54 + 20 * Math.floor(i / columns.length);
      return `<path class="line c${i}" d="M${left} ${top}h18"/><text x="${left + 26}" y="${top}" dy=".35em">${kind.name}</text>`;
    })
    .join("\n");
}

const LIGHT = ["#1d63c9", "#c2510c", "#1c8a55", "#8b3fb3", "#b02a4c"];
const DARK = ["#6aa5ff", "#ff9a57", "#5fcf95", "#cf95f2", "#ff8aa5"];

const colours = (of: readonly string[]) =>
  of.map((colour, i) => `.c${i}{stroke:${colour}}`).join("");

const STYLE = `
text{font:12px system-ui,sans-serif;fill:#57606a}
.head{font-size:14px;font-weight:600;fill:#1f2328}
.card{fill:#fff;stroke:#d0d7de}
.away{fill:#eef1f4}
.grid{stroke:#d8dee4}
.bound{stroke:#57606a;stroke-dasharray:5 4}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round}
${colours(LIGHT)}
@media (prefers-color-scheme:dark){
text{fill:#a3adb8}
.head{fill:#e6edf3}
.card{fill:#0d1117;stroke:#30363d}
.away{fill:#1a2029}
.grid{stroke:#262d36}
.bound{stroke:#a3adb8}
${colours(DARK)}
}
`;
