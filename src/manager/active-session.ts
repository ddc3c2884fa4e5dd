import type { AuthState, TokenSummary } from "../core/auth.ts";
import type { AnyAuthError } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";
import {
  findAccess,
  storedTokens,
  type SessionRow,
  type SessionStore,
  type UserStore,
} from "../core/session.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { User } from "../core/user.ts";
import { wantKey, type WantKey } from "../core/want.ts";
import { holdToken, type HeldToken } from "./held-token.ts";
import { observable, type Observable } from "./observable.ts";

/** The want of `getToken()` without arguments: as at login. */
export const USUAL_WANT: WantKey = wantKey({});

export interface ActiveSessionConfig {
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly clock: Clock;
}

/** This tab's view of the active person's stored session: the token at hand and the published state. */
export class ActiveSession {
  readonly state: Observable<AuthState> = observable<AuthState>({ status: "loading" });
  readonly #config: ActiveSessionConfig;
  #sub: string | undefined;
  #user: User | undefined;
  #held: HeldToken | undefined;
  #loads = 0;

  constructor(config: ActiveSessionConfig) {
    this.#config = config;
  }

  get sub(): string | undefined {
    return this.#sub;
  }

  /** Undefined when nobody is signed in, or the session ended. */
  get user(): User | undefined {
    return this.#user;
  }

  /** The hot path: no storage, no lock, no channel. */
  goodToken(): Promise<string> | undefined {
    const held = this.#held;
    const { clock } = this.#config;
    return held && clock.now() < held.untilWall && clock.mono() < held.untilMono
      ? held.promise
      : undefined;
  }

  /** The stored token for `want`, however old. */
  async find(want: WantKey): Promise<TokenSet | undefined> {
    const { sessions, users, clock } = this.#config;
    const { row } = await users.getDefault();
    if (!row || row.end) return undefined;
    const now = clock.now();
    const key =
      findAccess(row, want, ({ expiresAt }) => expiresAt > now) ??
      findAccess(row, want, () => true);
    return key === undefined ? undefined : storedTokens(row, await sessions.open(row.tokens), key);
  }

  /** Reads the store and publishes what it says. `error`: why nobody is signed in, if nobody is. */
  async load(origin: TokenSummary["origin"], error?: AnyAuthError): Promise<void> {
    const load = ++this.#loads;
    const { sessions, users } = this.#config;
    const { sub, row } = await users.getDefault();
    const record = row && !row.end ? await sessions.open(row.tokens) : undefined;
    // A later load has read a later row.
    if (load !== this.#loads) return;
    const before = this.#held;
    const known = row && before?.sid === row.sid && before.gen === row.access[USUAL_WANT]?.gen;
    this.#held = known
      ? before
      : row && record && holdToken(row, record, USUAL_WANT, origin, this.#config.clock);
    this.#sub = sub;
    const lastUser = this.#user;
    this.#user = record?.user;
    this.state.set(this.#describe(row, lastUser?.sub === sub ? lastUser : undefined, error));
  }

  authenticating(): void {
    this.state.set({ status: "authenticating" });
  }

  /** A refresh did not work out and ended nothing. */
  stale(): void {
    this.state.set(this.#describeUser(this.state.get()));
  }

  #describe(
    row: SessionRow | undefined,
    lastUser: User | undefined,
    error: AnyAuthError | undefined,
  ): AuthState {
    const end = row?.end?.why;
    if (end !== undefined && end !== "signed_out") {
      return { status: "expired", reason: end, ...(lastUser && { user: lastUser }) };
    }
    return this.#describeUser({ status: "anonymous", ...(error && { error }) });
  }

  #describeUser(otherwise: AuthState): AuthState {
    if (!this.#user || !this.#held) return otherwise;
    const token = this.#held.summary;
    const freshness = token.expiresAt > this.#config.clock.now() ? "fresh" : "stale";
    return { status: "authenticated", user: this.#user, freshness, token };
  }
}
