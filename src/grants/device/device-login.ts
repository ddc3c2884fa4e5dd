import type { AuthorizationServer } from "../../core/authorization-server.ts";
import type { TokenRequest } from "../../core/grant.ts";
import type { Clock, Random } from "../../core/ports.ts";
import { remainingMs } from "../../core/token-lifetime.ts";
import type { TokenSet } from "../../core/token-set.ts";
import { endedElsewhere, endOf } from "./device-end.ts";
import type { DeviceScreen } from "./device-screen.ts";
import type { PendingDevice, PendingDevices } from "./pending-device.ts";
import { pollDevice } from "./poll-device.ts";

/** One call of `requestToken()`. `id` is the key of the login in the store. */
export interface DeviceCall {
  readonly id: string;
  readonly request: TokenRequest;
  readonly screen: DeviceScreen;
  /** Aborts the login in this tab, for example when the user dismisses the prompt. */
  readonly leave: AbortController;
}

/** The objects that all calls of a `DeviceCodeGrant` share. */
export interface DeviceParts {
  readonly server: Pick<AuthorizationServer, "authorizeDevice" | "requestTokens">;
  readonly pending: PendingDevices;
  readonly clock: Clock;
  readonly random?: Pick<Random, "fraction">;
}

/**
 * Shows the code, polls until the login ends, stores how the login ended, and returns the tokens. If `call.leave` is aborted,
 * the code stays stored, so that another tab can continue the login. The caller must hold the lock of the login.
 */
export async function deviceLogin(call: DeviceCall, parts: DeviceParts): Promise<TokenSet> {
  const { id, request, screen, leave } = call;
  const { server, pending, clock, random } = parts;
  const code = await findOrBegin(call, parts);
  screen.show(code);
  const { userCode, expiresAt } = code;
  try {
    const tokens = await pollDevice(code, request, {
      server,
      clock,
      random,
      save: async (next) => {
        await throwEnd(id, userCode, pending);
        await pending.put(id, next);
      },
      tell: (status) => screen.tell(status),
      signal: leave.signal,
    });
    await pending.put(id, { userCode, expiresAt, end: "approved" });
    return tokens;
  } catch (error) {
    if (leave.signal.aborted) throw error;
    await throwEnd(id, userCode, pending);
    await pending.put(id, { userCode, expiresAt, end: endOf(error) });
    throw error;
  }
}

async function findOrBegin(
  { id, request, screen, leave }: DeviceCall,
  { server, pending, clock }: DeviceParts,
): Promise<PendingDevice> {
  const found = await pending.find(id);
  if (found && "end" in found) {
    if (found.userCode === screen.code?.userCode) throw endedElsewhere(found.end);
  } else if (found) {
    const now = clock.now();
    const timeLeftMs = remainingMs(found, now);
    if (timeLeftMs > 0) return { ...found, expiresAt: now + timeLeftMs };
  }
  await pending.sweep(clock.now());
  leave.signal.throwIfAborted();
  const { scope, resource, audience } = request;
  const authorization = await server.authorizeDevice(
    {
      ...(scope && { scope }),
      ...(resource !== undefined && { resource }),
      ...(audience !== undefined && { audience }),
    },
    leave.signal,
  );
  const now = clock.now();
  const code = {
    ...authorization,
    lifetimeMs: authorization.expiresAt - now,
    nextPollAt: now + authorization.intervalMs,
  };
  await pending.put(id, code);
  return code;
}

/**
 * Throws if another tab has already stored how this login ended. In browsers without Web Locks, two tabs can poll at the same
 * time.
 */
async function throwEnd(id: string, userCode: string, pending: PendingDevices): Promise<void> {
  const found = await pending.find(id);
  if (found && "end" in found && found.userCode === userCode) throw endedElsewhere(found.end);
}
