import { machineNow, SLEEP, SLEPT, WAKE, WOKEN, type WakeWord, type WokenWord } from "./words.ts";

declare global {
  interface Window {
    /** Broadcasts `word`. Resolves once all `tabs` tabs have a token. */
    wake(word: WakeWord, tabs: number): Promise<Woken>;
  }
}

/** The time until the last tab had its token, and all tokens. */
export interface Woken {
  readonly ms: number;
  readonly tokens: readonly (string | undefined)[];
}

const wake = new BroadcastChannel(WAKE);

window.wake = async (word, tabs) => {
  if (word.way === "worker") await moveWorkerClock(word.sleptMs);
  return new Promise((resolve) => {
    const woken: WokenWord[] = [];
    const responses = new BroadcastChannel(WOKEN);
    responses.onmessage = ({ data }: MessageEvent<WokenWord>) => {
      woken.push(data);
      if (woken.length < tabs) return;
      responses.close();
      const last = Math.max(...woken.map(({ at }) => at));
      resolve({ ms: last - begin, tokens: woken.map(({ token }) => token) });
    };
    const begin = machineNow();
    wake.postMessage(word);
  });
};

/** Moves the worker's clock first, because the worker must not receive a tab's request before. */
function moveWorkerClock(sleptMs: number): Promise<void> {
  return new Promise((resolve) => {
    const slept = new BroadcastChannel(SLEPT);
    slept.onmessage = () => {
      slept.close();
      resolve();
    };
    new BroadcastChannel(SLEEP).postMessage(sleptMs);
  });
}
