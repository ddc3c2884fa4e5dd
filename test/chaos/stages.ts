import type { Page } from "puppeteer-core";
import { getToken, type Outcome } from "../support/bare-page.ts";
import { until } from "../support/until.ts";
import { RESPONSE_MS } from "./timing.ts";
import type { World } from "./world.ts";

/**
 * How far an attempt has come. `claimed`: stored, but not yet sent. `in flight`: the server has processed the request, and its
 * response is in flight. `committed`: the response is stored, but not yet broadcast.
 */
export type Stage = "claimed" | "in flight" | "committed";
/** All stages, in order. */
export const STAGES: readonly Stage[] = ["claimed", "in flight", "committed"];

/** Long enough for other tabs to see the attempt before it is committed. Milliseconds. */
const SHORT_RESPONSE_MS = 400;

/** Makes `owner` start a refresh that reaches `stage`, while `others` start to wait for its token. */
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
      delayResponseMs: stage === "in flight" ? RESPONSE_MS : SHORT_RESPONSE_MS,
    });
  }
  await owner.evaluate((stage) => {
    window.sabotage.stopped = undefined;
    window.sabotage.stopAt = stage === "in flight" ? undefined : stage;
    window.auth.getToken({ prompt: "none" }).catch(() => {});
  }, stage);
  if (stage === "claimed") await stopped(owner, stage);
  else await until("a response", () => tokenRequests.refreshes[before]?.given !== undefined);
  const waiting = Promise.all(others.map((page) => getToken(page)));
  waiting.catch(() => {});
  // A page runs its tasks in order: after this one, the page has called `getToken()`.
  await Promise.all(others.map((page) => page.evaluate(() => window.auth.getUser())));
  if (stage === "committed") await stopped(owner, stage);
  return { waiting, wake: () => owner.evaluate(() => window.sabotage.goOn()) };
}

function stopped(owner: Page, stage: Stage): Promise<unknown> {
  return owner.waitForFunction((stage) => window.sabotage.stopped === stage, { polling: 5 }, stage);
}
