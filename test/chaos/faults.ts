import type { CDPSession, Page } from "puppeteer-core";

/** What happens to the tab that owns the attempt. */
export interface Fault {
  /** `gone`: its lock is free at once. `stuck`: it is held by somebody who does nothing. */
  readonly owner: "gone" | "stuck";
  /** Undone by what it gives; a tab that died has nothing to undo. */
  strike(owner: Page, other: Page): Promise<(() => Promise<void>) | undefined>;
}

export const FAULTS: Readonly<Record<string, Fault>> = {
  crashes: {
    owner: "gone",
    strike: async (owner) => {
      const session = await owner.createCDPSession();
      const crashed = new Promise((resolve) => owner.once("error", resolve));
      // Never answered: who could answer is dead.
      session.send("Page.crash").catch(() => {});
      await crashed;
      return undefined;
    },
  },
  "is closed": {
    owner: "gone",
    strike: async (owner) => {
      await owner.close();
      return undefined;
    },
  },
  "goes to the back/forward cache": {
    owner: "gone",
    strike: async (owner) => {
      await owner.goto(`${owner.url()}?away`);
      return async () => {
        // A page out of the cache loads nothing, so there is no load to wait for.
        await owner.goBack({ waitUntil: [] });
        await owner.waitForFunction(() => location.search === "", { polling: 20 });
      };
    },
  },
  "is frozen": {
    owner: "stuck",
    strike: async (owner, other) => {
      // What is looked at is not frozen.
      await other.bringToFront();
      const session = await owner.createCDPSession();
      await setLifetime(session, "frozen");
      return () => setLifetime(session, "active");
    },
  },
  hangs: {
    owner: "stuck",
    strike: async (owner, other) => {
      const end = `awake=${performance.now()}`;
      const session = await owner.createCDPSession();
      const expression = `(${hang.toString()})("${end}")`;
      const hung = session.send("Runtime.evaluate", { expression });
      hung.catch(() => {});
      return async () => {
        await other.evaluate((end) => void (document.cookie = end), end);
        await hung;
      };
    },
  },
};

/** Nothing else runs in this page until another one sets the cookie. A request that is waited for leaves the cores to others. */
function hang(end: string): void {
  while (!document.cookie.includes(end)) {
    const request = new XMLHttpRequest();
    request.open("GET", "/pause", false);
    request.send();
  }
}

function setLifetime(session: CDPSession, state: "frozen" | "active"): Promise<void> {
  return session.send("Page.setWebLifecycleState", { state });
}
