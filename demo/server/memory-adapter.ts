import type { Adapter, AdapterPayload } from "oidc-provider";

interface Row {
  readonly model: string;
  readonly id: string;
  readonly payload: AdapterPayload;
  readonly expiresAt: number;
  /** Milliseconds since the epoch. */
  consumedAt?: number;
}

/** How long an expired row is kept. A device must get `expired_token`, not `invalid_grant`. Seconds. */
const KEPT_S: Readonly<Record<string, number>> = { DeviceCode: 600 };

/** The provider's database, in memory. */
export class MemoryDatabase {
  readonly #rows = new Map<string, Row>();
  readonly #reuseLeewayMs: () => number;

  /** `reuseLeewayMs`: how long a used refresh token still counts as unused. */
  constructor(reuseLeewayMs: () => number = () => 0) {
    this.#reuseLeewayMs = reuseLeewayMs;
  }

  /** Creates the adapter of one of the provider's models. */
  readonly adapter = (model: string): Adapter => ({
    upsert: async (id, payload, expiresIn) => {
      const keptS = expiresIn === undefined ? Infinity : expiresIn + (KEPT_S[model] ?? 0);
      const expiresAt = Date.now() + keptS * 1000;
      this.#rows.set(`${model}:${id}`, { model, id, payload: structuredClone(payload), expiresAt });
    },
    find: async (id) => this.#forgive(model, this.#rows.get(`${model}:${id}`)),
    findByUid: async (uid) => this.#search(model, (payload) => payload.uid === uid),
    findByUserCode: async (userCode) =>
      this.#search(model, (payload) => payload.userCode === userCode),
    consume: async (id) => {
      const row = this.#rows.get(`${model}:${id}`);
      if (!row) return;
      // The leeway starts at the first use.
      row.consumedAt ??= Date.now();
      row.payload.consumed = Math.floor(row.consumedAt / 1000);
    },
    destroy: async (id) => {
      this.#rows.delete(`${model}:${id}`);
    },
    revokeByGrantId: async (grantId) => {
      for (const [key, row] of this.#rows) {
        if (row.model === model && row.payload.grantId === grantId) this.#rows.delete(key);
      }
    },
  });

  /** Revokes the grants and tokens of one user, or of all users, as an administrator would. Returns the number of grants. */
  revokeGrants(sub?: string): number {
    let revoked = 0;
    for (const [key, { model, payload }] of this.#rows) {
      if (sub !== undefined && payload.accountId !== sub) continue;
      if (model === "Grant") revoked += 1;
      else if (payload.grantId === undefined) continue;
      this.#rows.delete(key);
    }
    return revoked;
  }

  /** Logs one user, or all users, out at the provider. Their tokens stay valid. */
  endSessions(sub?: string): void {
    for (const [key, { model, payload }] of this.#rows) {
      if (model === "Session" && (sub === undefined || payload.accountId === sub))
        this.#rows.delete(key);
    }
  }

  /** Revokes all access tokens. Grants and refresh tokens stay valid. */
  endAccessTokens(): void {
    for (const [key, { model }] of this.#rows) if (model === "AccessToken") this.#rows.delete(key);
  }

  #search(
    model: string,
    matches: (payload: AdapterPayload) => boolean,
  ): AdapterPayload | undefined {
    for (const row of this.#rows.values()) {
      if (row.model === model && matches(row.payload)) return this.#live(row);
    }
    return undefined;
  }

  #forgive(model: string, row: Row | undefined): AdapterPayload | undefined {
    const payload = this.#live(row);
    if (payload && model === "RefreshToken" && row?.consumedAt !== undefined) {
      if (Date.now() - row.consumedAt < this.#reuseLeewayMs()) delete payload.consumed;
    }
    return payload;
  }

  #live(row: Row | undefined): AdapterPayload | undefined {
    if (row === undefined) return undefined;
    if (row.expiresAt > Date.now()) return structuredClone(row.payload);
    this.#rows.delete(`${row.model}:${row.id}`);
    return undefined;
  }
}
