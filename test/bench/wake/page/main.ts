import { sleep } from "./slept.ts";
import { createAuth } from "../../../../src/index.ts";
import { CLIENT_ID, issuer } from "../../page/client.ts";
import { minimumToken } from "./minimum.ts";
import { machineNow, WAKE, WOKEN, type WakeWord, type Way, type WokenWord } from "./words.ts";

declare global {
  interface Window {
    ready: Promise<boolean>;
  }
}

const auth = createAuth({
  issuer: issuer(),
  clientId: CLIENT_ID,
  redirectUri: "/callback",
});
const ways: Record<Way, () => Promise<string>> = {
  latchkey: () => auth.getToken({ prompt: "none" }),
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
