import { serveRefreshes } from "../../../../src/worker.ts";
import { sleep } from "./slept.ts";
import { SLEEP, SLEPT } from "./words.ts";

// The name of a worker contains the offset of the tabs' clocks, in milliseconds.
sleep(Number(self.name));
new BroadcastChannel(SLEEP).onmessage = ({ data: sleptMs }: MessageEvent<number>) => {
  sleep(sleptMs);
  new BroadcastChannel(SLEPT).postMessage(undefined);
};
serveRefreshes();
