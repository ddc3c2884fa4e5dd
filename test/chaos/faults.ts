import type { CDPSession, Page } from "puppeteer-core";

/** A fault of the tab that owns the attempt. */
export interface Fault {
  /** `gone`: the owner's lock is free at once. `stuck`: the owner holds its lock and does nothing. */
  readonly owner: "gone" | "stuck";
  /** Causes the fault. Resolves to a function that undoes the fault, or to `undefined` when the tab is gone. */
  strike(owner: Page, other: Page): Promise<(() => Promise<void>) | undefined>;
}

/** All faults, by a verb that completes "the owner …". */
export const FAULTS: Readonly<Record<string, Fault>> = {
  crashes: {
    owner: "gone",
    strike: async (owner) => {
      const session = await owner.createCDPSession();
      const crashed = new Promise((resolve) => owner.once("error", resolve));
      // The command gets no response, because the page has crashed.
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
        // A page from the bfcache does not load again, so there is no load event to wait for.
        await owner.goBack({ waitUntil: [] });
        await owner.waitForFunction(() => location.search === "", { polling: 20 });
      };
    },
  },
  "is frozen": {
    owner: "stuck",
    strike: async (owner, other) => {
      // Browsers do not freeze a visible page.
      await other.bringToFront();
      const session = await owner.createCDPSession();
      await setLifecycleState(session, "frozen");
      return () => setLifecycleState(session, "active");
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

/** Blocks this page until another page sets the cookie. A synchronous request blocks without using the CPU. */
function hang(end: string): void {
  while (!document.cookie.includes(end)) {
    const request = new XMLHttpRequest();
    request.open("GET", "/pause", false);
    request.send();
  }
}

function setLifecycleState(session: CDPSession, state: "frozen" | "active"): Promise<void> {
  return session.send("Page.setWebLifecycleState", { state });
}
