import { isAuthError } from "../core/errors.ts";
import type { Page } from "../core/ports.ts";
import { revokeEnded, type RevocationDesk } from "./revoke-ended.ts";

export interface RevocationQueueDesk extends RevocationDesk {
  readonly page: Page;
}

const LOOK_MS = 1_000;
const TRIES = 8;

/**
 * Has the server forget a refresh token of `sub`, also when the network is back only later. Resolves after the first try, or when
 * there is no network to try it on, and goes on behind; never rejects. The token is in this page's memory alone, and gone with it.
 */
export function revoke(
  desk: RevocationQueueDesk,
  sub: string,
  refreshToken: string,
): Promise<void> {
  return new Promise((tried) => void keepTrying(desk, sub, refreshToken, tried));
}

async function keepTrying(
  desk: RevocationQueueDesk,
  sub: string,
  refreshToken: string,
  tried: () => void,
): Promise<void> {
  const { page, clock } = desk;
  for (let tries = 0; tries < TRIES; tries++) {
    if (!page.online()) tried();
    while (!page.online()) await clock.sleep(LOOK_MS);
    try {
      await revokeEnded(desk, sub, refreshToken);
      return tried();
    } catch (error) {
      tried();
      if (isAuthError(error) && !error.retryable) return;
    }
    await clock.sleep(LOOK_MS * 2 ** tries);
  }
}
