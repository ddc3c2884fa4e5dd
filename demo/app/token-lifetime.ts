import type { Auth, AuthState } from "../../src/index.ts";
import { showLifetime } from "./view.ts";

const KEY = "demo/lifetime";
const RETRY_MS = 3000;
const PATIENCE_MS = 4000;

/** How long a person waits for an answer. */
export const patience = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS);

/** The countdown. Every open tab asks when the token has run out, as an app that polls would; Latchkey makes one request of it. */
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
    const left = (this.#expiresAt - Date.now()) / 1000;
    showLifetime(left, this.#lifetime);
    if (left <= 0 && !this.#isAsking && Date.now() >= this.#askAgainAt) void this.#keep();
  }

  async #keep(): Promise<void> {
    this.#isAsking = true;
    try {
      await this.#auth.getToken({ prompt: "none", signal: patience() });
    } catch {
      // The state says what became of it; an attempt that was not waited for goes on, and the next call joins it.
      this.#askAgainAt = Date.now() + RETRY_MS;
    } finally {
      this.#isAsking = false;
    }
  }
}

/** The server says when a token ends, not when it began: a full ring is the most that was ever left. */
function lifetimeOf(expiresAt: number): number {
  const left = (expiresAt - Date.now()) / 1000;
  const max = Math.max(1, left, Number(localStorage.getItem(KEY)));
  localStorage.setItem(KEY, String(max));
  return max;
}
