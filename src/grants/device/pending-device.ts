import type { DeviceAuthorization } from "../../core/authorization-server.ts";
import type { RequestStore } from "../../core/request-store.ts";

/** A device login that waits for the user, with all that another tab needs to continue with it. */
export interface PendingDevice extends DeviceAuthorization {
  /** Time from the response to `expiresAt`. Milliseconds. */
  readonly lifetimeMs?: number;
  /** No tab polls before this time. Milliseconds since the epoch. */
  readonly nextPollAt: number;
}

/** How a device login ended, without its device code. It is stored until the waiting tabs have read it. */
export interface EndedDevice {
  readonly userCode: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly end: DeviceEnd;
}

/** How a device login ended. */
export type DeviceEnd = "approved" | "denied" | "expired" | "failed";

/** Device logins by id. Failures of the store are ignored: a reload and other tabs then cannot continue with the login. */
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

  /**
   * Deletes records that are expired at `now` or unreadable, such as those of closed tabs. `now`: milliseconds since the epoch.
   */
  async sweep(now: number): Promise<void> {
    const ids = await this.#requests.getAllKeys().catch(() => []);
    for (const id of ids) {
      const record = await this.find(id);
      if (!record || record.expiresAt <= now) await this.delete(id);
    }
  }
}

/** Returns the stored record. Undefined when it is unreadable, such as the record of a later version. */
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
