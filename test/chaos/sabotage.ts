import type { Channels } from "./timing.ts";

/** Where an owner can be made to stand still: its claim is stored and not yet sent, or its answer stored and not yet told. */
export type Stop = "claimed" | "committed";

export interface Sabotage {
  /** The owner stops there, once. */
  stopAt: Stop | undefined;
  stopped: Stop | undefined;
  /** How often this page sent a refresh token, by its own count. */
  sends: number;
  /** The page's clock goes on by so much. Milliseconds. */
  sleep(ms: number): void;
  goOn(): void;
}

declare global {
  interface Window {
    sabotage: Sabotage;
  }
}

/** Runs in a page before its own scripts. */
export function sabotagePage(channels: Channels, sleptMs: number): void {
  // An error page has no storage to look into.
  if (location.protocol !== "http:") return;
  const now = Date.now.bind(Date);
  let ahead = Number(sessionStorage.getItem("slept") ?? sleptMs);
  Date.now = () => now() + ahead;

  let goOn = () => {};
  const sabotage: Sabotage = {
    stopAt: undefined,
    stopped: undefined,
    sends: 0,
    sleep: (ms) => {
      ahead += ms;
      // For a page that is loaded anew in this tab.
      sessionStorage.setItem("slept", String(ahead));
    },
    goOn: () => goOn(),
  };
  window.sabotage = sabotage;

  if (channels === "messages alone") {
    delete (Navigator.prototype as { locks?: unknown }).locks;
  }
  if (channels === "locks alone") {
    const postMessage = Reflect.get(BroadcastChannel.prototype, "postMessage");
    BroadcastChannel.prototype.postMessage = function (message) {
      const isCoordination =
        this.name.startsWith("latchkey/2/") && !this.name.startsWith("latchkey/2/request/");
      if (!isCoordination) postMessage.call(this, message);
    };
  }

  const send = window.fetch;
  window.fetch = (input, init) => {
    const body = init?.body;
    if (typeof body === "string" && body.includes("grant_type=refresh_token")) sabotage.sends++;
    return send(input, init);
  };

  // An answer is of the generation after the claim's.
  let claimed: number | undefined;
  const put = Reflect.get(IDBObjectStore.prototype, "put");
  IDBObjectStore.prototype.put = function (value, key) {
    const isSession = typeof key === "string" && key.startsWith("session/");
    const row = isSession && value.end === null ? value : undefined;
    const at: Stop | undefined = row?.attempt
      ? "claimed"
      : row && row.generation === claimed
        ? "committed"
        : undefined;
    if (at === "claimed") claimed = row.generation + 1;
    if (at !== undefined && at === sabotage.stopAt) {
      sabotage.stopAt = undefined;
      holdUp(this.transaction, at);
    }
    return put.call(this, value, key);
  };

  /** The transaction completes, and whoever waits for that hears it when it may go on. */
  function holdUp(transaction: IDBTransaction, at: Stop): void {
    const going = new Promise<void>((resolve) => (goOn = resolve));
    let told: (() => void) | undefined;
    Object.defineProperty(transaction, "oncomplete", {
      set(tell: () => void) {
        told = tell;
      },
    });
    transaction.addEventListener("complete", () => {
      sabotage.stopped = at;
      void going.then(() => told?.());
    });
  }
}
