import { sleep } from "./slept.ts";
import { createAuth } from "../../../../src/index.ts";
import { CLIENT_ID, issuer } from "../../page/client.ts";
import { allowWorkers } from "../../../e2e/page/workers.ts";
import { minimumToken } from "./minimum.ts";
import { machineNow, WAKE, WOKEN, type WakeWord, type Way, type WokenWord } from "./words.ts";

declare global {
  interface Window {
    ready: Promise<boolean>;
  }
}

const query = new URLSearchParams(location.search);
const auth = createAuth({
  issuer: issuer(),
  clientId: CLIENT_ID,
  redirectUri: "/callback",
  ...(query.get("way") === "worker" && {
    worker: () => {
      allowWorkers();
      return new SharedWorker(new URL("./auth-worker.ts", import.meta.url), {
        type: "module",
        name: String(query.get("slept")),
      });
    },
  }),
});
const getToken = () => auth.getToken({ prompt: "none" });
const ways: Record<Way, () => Promise<string>> = {
  latchkey: getToken,
  worker: getToken,
  minimum: minimumToken,
};

new BroadcastChannel(WAKE).onmessage = ({ data: { way, sleptMs } }: MessageEvent<WakeWord>) => {
  sleep(sleptMs);
  ways[way]().then(response, () => response(undefined));
};

function response(token: string | undefined): void {
  const woken: WokenWord = { at: machineNow(), token };
  const channel = new BroadcastChannel(WOKEN);
  channel.postMessage(woken);
  channel.close();
}

window.ready = auth.getToken().then(() => true);
