import { ConfigurationError } from "../../core/errors.ts";
import { randomText, type FakeLogin } from "./grant-store.ts";
import { RefusedRequest } from "./http.ts";

/** Lifetime of a device code. Seconds. */
export const DEVICE_LIFETIME_S = 600;
/** Letters that a user does not confuse. */
const LETTERS = "BCDFGHJKLMNPQRSTVWXZ";

interface DeviceLogin {
  readonly userCode: string;
  readonly clientId: string;
  readonly scope: readonly string[];
  readonly resources: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  decision: "pending" | "denied" | { readonly sub: string };
  /** Whether the next poll gets the error `slow_down`. */
  isSlow: boolean;
}

/** The device logins of a `FakeProvider`. @see https://www.rfc-editor.org/rfc/rfc8628 */
export class DeviceLogins {
  readonly #logins = new Map<string, DeviceLogin>();

  /** Starts a login. Returns its two codes. */
  add(login: Pick<DeviceLogin, "clientId" | "scope" | "resources" | "expiresAt">): {
    readonly deviceCode: string;
    readonly userCode: string;
  } {
    const deviceCode = randomText();
    const letters = [...crypto.getRandomValues(new Uint8Array(8))].map(
      (byte) => LETTERS[byte % LETTERS.length]!,
    );
    const userCode = `${letters.slice(0, 4).join("")}-${letters.slice(4).join("")}`;
    this.#logins.set(deviceCode, { ...login, userCode, decision: "pending", isSlow: false });
    return { deviceCode, userCode };
  }

  /**
   * Decides the login with this code.
   * @throws ConfigurationError no login waits with this code
   */
  decide(userCode: string, decision: DeviceLogin["decision"]): void {
    this.#find(userCode).decision = decision;
  }

  /**
   * The next poll of the login with this code gets the error `slow_down`. A decision stays.
   * @throws ConfigurationError no login waits with this code
   */
  slowDown(userCode: string): void {
    this.#find(userCode).isSlow = true;
  }

  #find(userCode: string): DeviceLogin {
    const waiting = [...this.#logins.values()];
    const login = waiting.find((login) => login.userCode === userCode);
    if (!login) {
      throw new ConfigurationError(
        "userCode",
        `no device login waits with this code, and ${waiting.length} wait with other codes`,
        "Give the `user_code` that the provider has returned.",
      );
    }
    return login;
  }

  /**
   * Returns the login of an approved device. `now`: milliseconds since the epoch.
   * @throws RefusedRequest the login is pending, denied, expired or unknown
   */
  poll(deviceCode: string, clientId: string, now: number): FakeLogin {
    const login = this.#logins.get(deviceCode);
    if (!login || login.clientId !== clientId)
      throw new RefusedRequest("invalid_grant", "The device code is unknown or used.");
    const { decision, scope, resources, expiresAt } = login;
    if (expiresAt <= now) throw new RefusedRequest("expired_token", "The device code has expired.");
    if (login.isSlow) {
      login.isSlow = false;
      throw new RefusedRequest("slow_down", "The device polls too often.");
    }
    if (decision === "pending")
      throw new RefusedRequest("authorization_pending", "The user has not decided yet.");
    this.#logins.delete(deviceCode);
    if (decision === "denied") throw new RefusedRequest("access_denied", "The user has refused.");
    return { sub: decision.sub, clientId, scope, resources, authTime: Math.floor(now / 1_000) };
  }
}
