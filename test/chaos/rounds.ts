import type { BrowserContext, Page } from "puppeteer-core";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunningProvider } from "../../demo/server/provider.ts";
import type { Fault } from "../../demo/server/token-requests.ts";
import { getToken, status, type Outcome } from "../support/bare-page.ts";
import type { BareSite } from "../support/bare-site.ts";
import { until } from "../support/until.ts";
import { expireStored, openWithWorker, signIn } from "../support/worker-page.ts";
import { FAULTS } from "./faults.ts";

/** How the tab that asked for a refresh goes away, or what else fails. */
export interface Leaving {
  /** Returns a page in which the session must be alive, and a function that brings the tab back. */
  readonly strike: (victim: Page, other: Page | undefined) => Promise<Struck>;
  /** What fails at the server. Default: the response takes 2 s. */
  readonly fault?: Fault;
}

interface Struck {
  /** The tab that asks for the token now. Undefined: a new tab. */
  readonly asking?: Page;
  readonly undo?: (() => Promise<void>) | undefined;
}

/** The time from the send to the fault, and from the send to the response. Milliseconds. */
const FAULT_MS = 400;
const RESPONSE_MS = 2_000;

const fault =
  (name: string) =>
  async (victim: Page, other: Page | undefined): Promise<Struck> => {
    const undo = await FAULTS[name]!.strike(victim, other!);
    return { asking: other!, undo };
  };

/** All ways, by a verb that completes "a tab …". */
export const LEAVINGS: Readonly<Record<string, Leaving>> = {
  reloads: {
    strike: async (victim) => {
      await victim.reload();
      return { asking: victim };
    },
  },
  "follows a link": {
    strike: async (victim) => {
      await Promise.all([
        victim.waitForNavigation(),
        victim.evaluate(() => {
          const link = Object.assign(document.createElement("a"), { href: "?next" });
          document.body.append(link);
          link.click();
        }),
      ]);
      return { asking: victim };
    },
  },
  "is closed": {
    strike: async (victim, other) => {
      await victim.close();
      return other ? { asking: other } : {};
    },
  },
  "is frozen": { strike: fault("is frozen") },
  hangs: { strike: fault("hangs") },
  "goes to the back/forward cache": { strike: fault("goes to the back/forward cache") },
  crashes: { strike: fault("crashes") },
  "gets no response": {
    strike: async (victim) => ({ asking: victim }),
    fault: { delayResponseMs: RESPONSE_MS, lose: "response" },
  },
};

/** The settings of one round. */
export interface Round {
  readonly leaving: Leaving;
  /** The name of the round's worker. Undefined: no worker. */
  readonly worker: string | undefined;
  /** The tabs besides the victim, and which tab makes the worker. */
  readonly tabs: "alone" | "the victim made the worker" | "another tab made the worker";
}

/** What a round cost. */
export interface Cost {
  readonly isLost: boolean;
  /** The refresh requests that the server received until a tab had the result. */
  readonly requests: number;
  /** Whether the victim sent its request itself, for example because the machine was so busy that its worker responded late. */
  readonly isByPage: boolean;
}

/** A signed-in browser context at one provider, for many rounds. */
export class Rounds {
  readonly #context: BrowserContext;
  readonly #site: BareSite;
  readonly #provider: RunningProvider;
  #isSignedIn = false;

  constructor(context: BrowserContext, site: BareSite, provider: RunningProvider) {
    this.#context = context;
    this.#site = site;
    this.#provider = provider;
  }

  /** Plays a round in new tabs. Afterwards all its tabs are closed. */
  async play({ leaving, worker, tabs }: Round): Promise<Cost> {
    const { tokenRequests } = this.#provider;
    await this.#expire();
    const isFirst = tabs !== "another tab made the worker";
    const first = await this.#open(worker);
    const second = tabs === "alone" ? undefined : await this.#open(worker);
    const [victim, other] = isFirst ? [first, second] : [second!, first];
    const isByPage = watchRequests(victim);
    const before = tokenRequests.refreshes.length;
    const sent = tokenRequests.count;
    tokenRequests.failNext(leaving.fault ?? { delayResponseMs: RESPONSE_MS });
    await victim.evaluate(() => void window.auth.getToken({ prompt: "none" }).catch(() => {}));
    await until("a request", () => tokenRequests.count > sent);
    await sleep(FAULT_MS);
    const hasPageSent = isByPage();
    const { asking, undo } = await leaving.strike(victim, other);
    // Without a worker, a tab that is stuck has the response, and no other tab can have it.
    const isBackFirst = worker === undefined && undo !== undefined;
    if (isBackFirst) await undo();
    const outcome = await this.#ask(asking, worker);
    const requests = tokenRequests.refreshes.length - before;
    if (undo && !isBackFirst) await undo();
    const again = undo ? await this.#ask(victim, worker) : outcome;
    const isLost = !(await this.#isGood(outcome)) || !(await this.#isGood(again));
    if (isLost) this.#isSignedIn = false;
    const pages = await this.#context.pages();
    // A tab that has crashed cannot close in the usual way.
    await Promise.all(pages.map((page) => page.close().catch(() => {})));
    return {
      isLost,
      requests: Math.max(requests, tokenRequests.refreshes.length - before),
      isByPage: hasPageSent,
    };
  }

  /** Signs in if the session was lost, and lets all stored access tokens expire. */
  async #expire(): Promise<void> {
    const page = await openWithWorker(this.#context, this.#site, this.#provider.issuer, undefined);
    if (!this.#isSignedIn) await signIn(page);
    this.#isSignedIn = true;
    await expireStored(page);
    await page.close();
  }

  /** Opens a tab, and waits until it has made or found the worker. */
  async #open(worker: string | undefined): Promise<Page> {
    const page = await openWithWorker(this.#context, this.#site, this.#provider.issuer, worker);
    await status(page, "authenticated");
    if (worker !== undefined) await page.waitForFunction(() => window.isConnected, { polling: 20 });
    return page;
  }

  async #ask(page: Page | undefined, worker: string | undefined): Promise<Outcome> {
    const asking = page ?? (await this.#context.newPage());
    if (!page) await asking.goto(`${this.#site.origin}/bare/`);
    await asking.waitForFunction(() => window.latchkey !== undefined, { polling: 20 });
    const isNew = await asking.evaluate(() => window.auth === undefined);
    if (isNew) await openWithWorker(asking, this.#site, this.#provider.issuer, worker);
    return getToken(asking);
  }

  async #isGood({ token }: Outcome): Promise<boolean> {
    const { AccessToken } = this.#provider.provider;
    return token !== undefined && (await AccessToken.find(token)) !== undefined;
  }
}

/** Returns a function that says whether the page has sent a token request. */
function watchRequests(page: Page): () => boolean {
  let hasSent = false;
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/token")) hasSent = true;
  });
  return () => hasSent;
}
