import { doublingPause } from "../../core/back-off.ts";
import type { AuthorizationServer } from "../../core/authorization-server.ts";
import type { DeviceStatus } from "../../core/device-prompt.ts";
import { isAuthError } from "../../core/errors.ts";
import { IdTokenError, RequestTokenError } from "../../core/protocol-errors.ts";
import type { Clock, Random } from "../../core/ports.ts";
import { meaningOf } from "../../core/server-responses.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { TokenTarget } from "../../core/token-target.ts";
import { deviceDenied, deviceExpired } from "./device-end.ts";
import type { PendingDevice } from "./pending-device.ts";

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code";
/** The shortest interval between two polls, even if the server allows a shorter interval. Milliseconds. */
const SHORTEST_INTERVAL_MS = 1_000;
/** Each `slow_down` error of the server lengthens the interval between two polls by this time. Milliseconds. */
const SLOW_DOWN_MS = 5_000;
/**
 * Each failed poll in a row doubles the pause before the next poll, up to this value. If the server asks for a longer pause,
 * the longer pause is used. Milliseconds.
 */
const MAX_BACK_OFF_MS = 60_000;

/** The server and the functions that `pollDevice()` calls. */
export interface DevicePoll {
  readonly server: Pick<AuthorizationServer, "requestTokens">;
  readonly clock: Clock;
  readonly random: Pick<Random, "fraction"> | undefined;
  /** Stores the login and the time of the next poll. If `save` rejects, `pollDevice()` rejects with the same error. */
  readonly save: (pending: PendingDevice) => Promise<void>;
  /** Reports the status after each poll that does not end the login. */
  readonly tell: (status: DeviceStatus) => void;
  readonly signal: AbortSignal;
}

/**
 * Polls the token endpoint until the user approves the login, and returns the tokens. The polls are never more frequent than
 * the server allows.
 * @throws DeviceCodeError the user denied the login, or the code has expired
 * @throws RequestTokenError the server refused the client or the token request, for example with `invalid_client`. Also thrown
 * when the server's response is malformed
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.4
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.5
 */
export async function pollDevice(
  pending: PendingDevice,
  { resource, audience }: TokenTarget,
  { server, clock, random, save, tell, signal }: DevicePoll,
): Promise<TokenSet> {
  const { expiresAt, deviceCode } = pending;
  const endMonotonic = clock.monotonic() + (expiresAt - clock.now());
  const remainingMs = () => Math.min(expiresAt - clock.now(), endMonotonic - clock.monotonic());
  let intervalMs = Math.max(pending.intervalMs, SHORTEST_INTERVAL_MS) || SHORTEST_INTERVAL_MS;
  let failures = 0;
  // If the wall clock was set back, `nextPollAt` might be far in the future. So `waitMs` has a maximum.
  let waitMs = Math.min(pending.nextPollAt - clock.now(), intervalMs + MAX_BACK_OFF_MS);
  for (;;) {
    const isLast = remainingMs() <= waitMs;
    await clock.sleep(Math.max(0, isLast ? remainingMs() : waitMs), signal);
    if (isLast || remainingMs() <= 0) throw deviceExpired();
    // `nextPollAt` is stored before the poll. If this tab closes during the poll, the next tab still waits until `nextPollAt`.
    await save({ ...pending, intervalMs, nextPollAt: clock.now() + intervalMs });
    signal.throwIfAborted();
    try {
      return await server.requestTokens(
        { grant_type: GRANT_TYPE, device_code: deviceCode, resource, audience },
        { scope: pending.scope, signal },
      );
    } catch (error) {
      signal.throwIfAborted();
      const progress = progressAfter(error);
      if (progress === "temporary") failures++;
      else failures = 0;
      if (progress === "slow down") intervalMs += SLOW_DOWN_MS;
      waitMs = failures === 0 ? intervalMs : backOff(intervalMs, failures, error, random);
      tell(failures === 0 ? "waiting" : "retrying");
      await save({ ...pending, intervalMs, nextPollAt: clock.now() + waitMs });
    }
  }
}

/** Returns what a failed poll means for the next poll. Throws when the login has ended. */
function progressAfter(error: unknown): "pending" | "slow down" | "temporary" {
  if (error instanceof RequestTokenError) {
    const meaning = meaningOf("device", error);
    if (meaning === "pending" || meaning === "slow down") return meaning;
    if (error.retryable || meaning === "temporary") return "temporary";
    if (meaning === "session over") throw deviceExpired(error);
    if (meaning === "user needed") throw deviceDenied(error);
  }
  // An `IdTokenError` ends the polling. The code is no longer valid, because the server has already issued the tokens.
  const isTemporary = isAuthError(error) && error.retryable && !(error instanceof IdTokenError);
  if (!isTemporary) throw error;
  return "temporary";
}

/** Returns the pause after `failures` failed polls in a row. The pause doubles with each failure. Milliseconds. */
function backOff(
  intervalMs: number,
  failures: number,
  error: unknown,
  random: Pick<Random, "fraction"> | undefined,
): number {
  const max = Math.max(intervalMs, MAX_BACK_OFF_MS);
  const doubled = doublingPause(2 * intervalMs, failures, max);
  const retryAfterMs = error instanceof RequestTokenError ? (error.retryAfterMs ?? 0) : 0;
  // The random part keeps many devices from polling at the same moment after an outage.
  return Math.max(doubled, retryAfterMs) * (1 + (random?.fraction() ?? 0) / 4);
}
