import type { Grant } from "../core/grant.ts";
import type { Clock, TabLock } from "../core/ports.ts";
import type { TokenOwner } from "../core/token-owner.ts";
import type { TokenStorage } from "../core/token-storage.ts";

export interface TokenManagerConfig {
  /**
   * Where tokens come from. One that refreshes is handed the stored tokens: see `RefreshTokenGrant`. It is asked with
   * `prompt: "none"` first, and again without when it needs a person for it, and one may be asked.
   */
  readonly provider: Grant;
  /** Where they are kept; the one truth, read at each call. */
  readonly storage: TokenStorage;
  /** `auth_token` when not given. Managers of one origin differ in it, or in `service`. */
  readonly keyPrefix?: string;
  /** Whose tokens: a name, with whatever makes them somebody's own, such as issuer, client and account. */
  readonly service?: string;
  /**
   * Whose tokens these are, such as your `Auth`, when they belong to the user who is signed in. Each user's tokens are kept
   * apart, and deleted when the user signs out or is forgotten. The provider's `owner` when not given: see `AuthGrant`.
   */
  readonly owner?: TokenOwner;
  /** Shared by all who share the storage. */
  readonly locks: TabLock;
  readonly clock: Pick<Clock, "now">;
  /** So long before its end a token is renewed, or a third of its life before when that is shorter. 30,000 when not given. */
  readonly leewayMs?: number;
  /** How long to wait for another tab that is getting the token. 30,000 when not given. */
  readonly patienceMs?: number;
}
