import type { Auth, AuthState } from "../../src/index.ts";
import { showLifetime } from "./view.ts";

const KEY = "demo/lifetime";
const RETRY_MS = 3000;
const PATIENCE_MS = 4000;

/** Aborts a call that the user would no longer wait for. */
export const patience = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS);

/** The countdown. Each open tab calls `getToken()` on expiry, like an app that polls. Latchkey sends one request for all. */
export class TokenLifetime {
  readonly #auth: Auth;
  #expiresAt: number | undefined;
  #lifetime = 1;
  #isAsking = false;
  #askAgainAt = 0;

  constructor(auth: Auth) {
    this.#auth = auth;
    setInterval(() => this.#tick(), 250);
  }

  follow(state: AuthState): void {
    const expiresAt = state.status === "authenticated" ? state.token.expiresAt : undefined;
    if (expiresAt !== undefined && expiresAt !== this.#expiresAt) {
      this.#lifetime = lifetimeOf(expiresAt);
    }
    this.#expiresAt = expiresAt;
    this.#tick();
  }

  #tick(): void {
    if (this.#expiresAt === undefined) return;
    const secondsLeft = (this.#expiresAt - Date.now()) / 1000;
    showLifetime(secondsLeft, this.#lifetime);
    if (secondsLeft <= 0 && !this.#isAsking && Date.now() >= this.#askAgainAt) void this.#renew();
  }

  async #renew(): Promise<void> {
    this.#isAsking = true;
    try {
      await this.#auth.getToken({ prompt: "none", signal: patience() });
    } catch {
      // The state shows the failure. After a timeout the refresh continues, and the next call joins it.
      this.#askAgainAt = Date.now() + RETRY_MS;
    } finally {
      this.#isAsking = false;
    }
  }
}

/** The longest lifetime seen, for the full ring: the state has a token's expiry, but not its start. Seconds. */
function lifetimeOf(expiresAt: number): number {
  const secondsLeft = (expiresAt - Date.now()) / 1000;
  const max = Math.max(1, secondsLeft, Number(localStorage.getItem(KEY)));
  localStorage.setItem(KEY, String(max));
  return max;
}
