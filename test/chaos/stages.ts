import type { Page } from "puppeteer-core";
import { getToken, type Outcome } from "../support/bare-page.ts";
import { until } from "../support/until.ts";
import { RESPONSE_MS } from "./timing.ts";
import type { World } from "./world.ts";

/**
 * How far an attempt has come: `claimed`, stored and not yet sent; `responded`, the server did its work and its answer is on
 * its way; `committed`, the answer is stored and nobody was told.
 */
export type Stage = "claimed" | "answered" | "committed";
export const STAGES: readonly Stage[] = ["claimed", "answered", "committed"];

/** Long enough for the others to see the attempt before it is committed. Milliseconds. */
const SHORT_RESPONSE_MS = 400;

/** Has `owner` begin a refresh and come that far, while `others` begin to wait for it. */
export async function reach(
  world: World,
  owner: Page,
  others: readonly Page[],
  stage: Stage,
): Promise<{ waiting: Promise<Outcome[]>; wake: () => Promise<void> }> {
  const { tokenRequests } = world.provider;
  const before = tokenRequests.refreshes.length;
  if (stage !== "claimed") {
    tokenRequests.failNext({
      delayResponseMs: stage === "answered" ? RESPONSE_MS : SHORT_RESPONSE_MS,
    });
  }
  await owner.evaluate((stage) => {
    window.sabotage.stopped = undefined;
    window.sabotage.stopAt = stage === "answered" ? undefined : stage;
    window.auth.getToken({ prompt: "none" }).catch(() => {});
  }, stage);
  if (stage === "claimed") await stopped(owner, stage);
  else await until("an answer", () => tokenRequests.refreshes[before]?.given !== undefined);
  const waiting = Promise.all(others.map((page) => getToken(page)));
  waiting.catch(() => {});
  // In the order of the page's tasks: after this one they have asked.
  await Promise.all(others.map((page) => page.evaluate(() => window.auth.getUser())));
  if (stage === "committed") await stopped(owner, stage);
  return { waiting, wake: () => owner.evaluate(() => window.sabotage.goOn()) };
}

function stopped(owner: Page, stage: Stage): Promise<unknown> {
  return owner.waitForFunction((stage) => window.sabotage.stopped === stage, { polling: 5 }, stage);
}
