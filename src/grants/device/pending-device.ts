import type { DeviceAuthorization } from "../../core/authorization-server.ts";
import type { RequestStore } from "../../core/request-store.ts";

/** The stored state of a device login that waits for the user. Another tab can continue the login from this state. */
export interface PendingDevice extends DeviceAuthorization {
  /** The lifetime of the code, counted from the arrival of the server's response. Milliseconds. */
  readonly lifetimeMs?: number;
  /** The earliest time of the next poll. Milliseconds since the epoch. */
  readonly nextPollAt: number;
}

/**
 * The stored result of a device login. When the login ends, this record replaces the `PendingDevice`, so that waiting tabs can
 * read the result.
 */
export interface EndedDevice {
  readonly userCode: string;
  /** When the code expires. Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly end: DeviceEnd;
}

/** How a device login ended. */
export type DeviceEnd = "approved" | "denied" | "expired" | "failed";

/** Stores device logins by id. If the store fails, no method rejects, but other tabs cannot continue the login. */
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

  /** Deletes unreadable and expired records, for example of closed tabs. `now`: milliseconds since the epoch. */
  async sweep(now: number): Promise<void> {
    const ids = await this.#requests.getAllKeys().catch(() => []);
    for (const id of ids) {
      const record = await this.find(id);
      if (!record || record.expiresAt <= now) await this.delete(id);
    }
  }
}

/** Parses a stored record. Returns undefined when the record is missing or unreadable. */
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
