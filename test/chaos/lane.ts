import type { Browser, Page } from "puppeteer-core";
import type { BareSite } from "../support/bare-site.ts";
import { World, type WorldConfig } from "./world.ts";

const TABS = 3;

/** Runs scenarios one after the other in one world. A scenario that fails closes its world; the next one gets a new world. */
export class Lane {
  readonly #config: WorldConfig;
  #turn: Promise<unknown> = Promise.resolve();
  #world: World | undefined;
  #tabs: readonly Page[] = [];

  constructor(config: WorldConfig) {
    this.#config = config;
  }

  /** Runs a scenario in tabs whose access token has just expired. The scenario returns the open tabs of a live session. */
  run(
    site: BareSite,
    browser: Browser,
    scenario: (world: World, tabs: readonly Page[]) => Promise<readonly Page[]>,
  ): Promise<void> {
    const run = this.#turn.then(async () => {
      const world =
        this.#world ??
        (await World.create(site, await browser.createBrowserContext(), this.#config));
      this.#world = undefined;
      try {
        if (this.#tabs.length === 0) this.#tabs = await world.signIn(TABS);
        await world.expire(this.#tabs);
        this.#tabs = await scenario(world, this.#tabs);
        await world.expectAlive(this.#tabs[0]!);
        this.#world = world;
      } catch (error) {
        this.#tabs = [];
        await world.close();
        throw error;
      }
    });
    this.#turn = run.catch(() => {});
    return run;
  }

  async close(): Promise<void> {
    await this.#world?.close();
  }
}
