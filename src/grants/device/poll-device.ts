import type { AuthorizationServer } from "../../core/authorization-server.ts";
import type { DeviceStatus } from "../../core/device-prompt.ts";
import { IdTokenError, isAuthError, RequestTokenError } from "../../core/errors.ts";
import type { Clock, Random } from "../../core/ports.ts";
import { meaningOf } from "../../core/server-responses.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { TokenTarget } from "../../core/token-target.ts";
import { deviceDenied, deviceExpired } from "./device-end.ts";
import type { PendingDevice } from "./pending-device.ts";

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code";
/** Whatever the server says. */
const SHORTEST_INTERVAL_MS = 1_000;
const SLOW_DOWN_MS = 5_000;
/** What an unanswered poll leads to at most, for as long as the server's interval is shorter. */
const MAX_BACK_OFF_MS = 60_000;

export interface DevicePoll {
  readonly server: Pick<AuthorizationServer, "requestTokens">;
  readonly clock: Clock;
  readonly random: Pick<Random, "fraction"> | undefined;
  /** Before each poll. A rejection ends the polling. */
  readonly save: (pending: PendingDevice) => Promise<void>;
  readonly tell: (status: DeviceStatus) => void;
  readonly signal: AbortSignal;
}

/**
 * Asks for the tokens of a device code, never faster than the server allows, until the person decided or time is up.
 * @see RFC 8628 section 3.4
 * @see RFC 8628 section 3.5
 * @throws DeviceCodeError denied, or expired: by the server's word, or by either clock
 * @throws RequestTokenError refused for another reason, or answered badly
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
  let withoutResponse = 0;
  // A wall clock that was set back is no reason to wait for longer than ever needed.
  let waitMs = Math.min(pending.nextPollAt - clock.now(), intervalMs + MAX_BACK_OFF_MS);
  for (;;) {
    const isLast = remainingMs() <= waitMs;
    await clock.sleep(Math.max(0, isLast ? remainingMs() : waitMs), signal);
    if (isLast || remainingMs() <= 0) throw deviceExpired();
    // Before it is sent: whoever takes over when this tab dies now must not ask at once.
    await save({ ...pending, intervalMs, nextPollAt: clock.now() + intervalMs });
    signal.throwIfAborted();
    try {
      return await server.requestTokens(
        { grant_type: GRANT_TYPE, device_code: deviceCode, resource, audience },
        { signal },
      );
    } catch (error) {
      signal.throwIfAborted();
      const progress = progressAfter(error);
      if (progress === "unanswered") withoutResponse++;
      else withoutResponse = 0;
      if (progress === "slow down") intervalMs += SLOW_DOWN_MS;
      waitMs =
        withoutResponse === 0 ? intervalMs : backOff(intervalMs, withoutResponse, error, random);
      tell(withoutResponse === 0 ? "waiting" : "retrying");
      await save({ ...pending, intervalMs, nextPollAt: clock.now() + waitMs });
    }
  }
}

/** Throws what ends the login. */
function progressAfter(error: unknown): "pending" | "slow down" | "unanswered" {
  if (error instanceof RequestTokenError) {
    const meaning = meaningOf("device", error);
    if (meaning === "pending" || meaning === "slow down") return meaning;
    if (error.retryable || meaning === "temporary") return "unanswered";
    if (meaning === "session over") throw deviceExpired(error);
    if (meaning === "user needed") throw deviceDenied(error);
  }
  // An ID token came: the code is used up, whether or not it can be verified now.
  const isPassing = isAuthError(error) && error.retryable && !(error instanceof IdTokenError);
  if (!isPassing) throw error;
  return "unanswered";
}

/** Doubles with each poll in a row that nothing came of. */
function backOff(
  intervalMs: number,
  withoutResponse: number,
  error: unknown,
  random: Pick<Random, "fraction"> | undefined,
): number {
  const max = Math.max(intervalMs, MAX_BACK_OFF_MS);
  const doubled = Math.min(intervalMs * 2 ** Math.min(withoutResponse, 16), max);
  const told = error instanceof RequestTokenError ? (error.retryAfterMs ?? 0) : 0;
  // Devices that lost the server in the same second do not all come back in the same one.
  return Math.max(doubled, told) * (1 + (random?.fraction() ?? 0) / 4);
}
