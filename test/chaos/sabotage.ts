import type { Channels } from "./timing.ts";

/** Where a test can stop an owner. `claimed`: before the send. `committed`: the response is stored, but not yet broadcast. */
export type Stop = "claimed" | "committed";

/** A test's control over a page. */
export interface Sabotage {
  /** The owner stops there, once. */
  stopAt: Stop | undefined;
  /** Where the owner has stopped. */
  stopped: Stop | undefined;
  /** How often this page sent a refresh token. */
  sends: number;
  /** Moves the page's clock forward. Milliseconds. */
  sleep(ms: number): void;
  /** Lets a stopped owner continue. */
  goOn(): void;
}

declare global {
  interface Window {
    sabotage: Sabotage;
  }
}

/** Runs in a page before the page's own scripts. */
export function sabotagePage(channels: Channels, sleptMs: number): void {
  // An error page has no storage.
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
      // The next page of this tab reads this value.
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

  // A response is stored with the generation after that of the claim.
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

  /** The transaction completes, but its `oncomplete` handler does not run before `goOn()`. */
  function holdUp(transaction: IDBTransaction, at: Stop): void {
    const going = new Promise<void>((resolve) => (goOn = resolve));
    let handler: (() => void) | undefined;
    Object.defineProperty(transaction, "oncomplete", {
      set(value: () => void) {
        handler = value;
      },
    });
    transaction.addEventListener("complete", () => {
      sabotage.stopped = at;
      void going.then(() => handler?.());
    });
  }
}
