import type { DeviceAuthorization } from "../../core/authorization-server.ts";
import type { RequestStore } from "../../core/request-store.ts";

/** A device authorization that waits for its person, as a tab that takes over needs it. */
export interface PendingDevice extends DeviceAuthorization {
  /** From the answer to `expiresAt`. Milliseconds. */
  readonly lifetimeMs?: number;
  /** Milliseconds since the epoch; no poll before it, whoever polls. */
  readonly nextPollAt: number;
}

/** What is left of one until the tabs that waited have seen it: how it ended, and no device code. */
export interface EndedDevice {
  readonly userCode: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly end: DeviceEnd;
}

export type DeviceEnd = "approved" | "denied" | "expired" | "failed";

/** Pending device logins by id. A store that fails is passed over: the login then knows no reload and no other tab. */
export class PendingDevices {
  readonly #requests: RequestStore;

  constructor(requests: RequestStore) {
    this.#requests = requests;
  }

  async find(id: string): Promise<PendingDevice | EndedDevice | undefined> {
    return parse(await this.#requests.get(id).catch(() => null));
  }

  async put(id: string, record: PendingDevice | EndedDevice): Promise<void> {
    await this.#requests.set(id, JSON.stringify(record)).catch(() => {});
  }

  async delete(id: string): Promise<void> {
    await this.#requests.remove(id).catch(() => {});
  }

  /** Deletes what nobody can go on with at `now`, such as what a tab left behind that died. */
  async sweep(now: number): Promise<void> {
    const ids = await this.#requests.getAllKeys().catch(() => []);
    for (const id of ids) {
      const record = await this.find(id);
      if (!record || record.expiresAt <= now) await this.delete(id);
    }
  }
}

/** Something else, such as a later version's record, counts as nothing. */
function parse(stored: string | null): PendingDevice | EndedDevice | undefined {
  try {
    const record = JSON.parse(stored ?? "null") as Partial<PendingDevice & EndedDevice> | null;
    const { userCode, expiresAt, deviceCode, verificationUri, intervalMs, nextPollAt, end } =
      record ?? {};
    const { lifetimeMs = 0 } = record ?? {};
    const isEnded = typeof end === "string";
    const isPending =
      [deviceCode, verificationUri].every((text) => typeof text === "string") &&
      [intervalMs, nextPollAt, lifetimeMs].every((ms) => typeof ms === "number");
    return typeof userCode === "string" && typeof expiresAt === "number" && (isEnded || isPending)
      ? (record as PendingDevice | EndedDevice)
      : undefined;
  } catch {
    return undefined;
  }
}
