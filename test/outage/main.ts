import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { draw, type Drawn } from "./draw.ts";
import { KINDS } from "./kinds.ts";
import { BOUND, measure, WINDOW_S } from "./measures.ts";
import { SCENE, simulate } from "./simulate.ts";

const DRAWING = fileURLToPath(new URL("outage.svg", import.meta.url));

const drawn: Drawn[] = KINDS.map((kind) => {
  const curve = simulate(kind, SCENE);
  return { curve, measures: measure(curve) };
});
writeFileSync(DRAWING, draw(drawn, BOUND));

const { clients, visible, lifetimeMs, awayMs } = SCENE;
const count = (number: number): string => Math.round(number).toLocaleString("en");
const times = (rate: number): string => `${rate.toFixed(2)}x`;
console.log(`
${count(clients)} clients with one tab each, ${visible * 100} % of them visible, request a token once a second; the token lifetime is ${lifetimeMs / 60_000} minutes.
The server is down for ${awayMs / 60_000} minutes. Counted until two token lifetimes after its return.
`);
console.table(
  Object.fromEntries(
    drawn.map(({ curve, measures }) => [
      curve.kind.name,
      {
        "steady, per second": count(measures.steady),
        "peak second while down": times(measures.peakAway),
        [`highest ${WINDOW_S} s after`]: times(measures.peakBack),
        "seconds after the return": measures.peakBackAt,
        target: `${BOUND}x`,
        "requests in all": count(measures.requests),
      },
    ]),
  ),
);
console.log(`Drawn in ${relative(process.cwd(), DRAWING)}`);
if (drawn.some(({ measures }) => measures.peakBack > BOUND)) process.exitCode = 1;
