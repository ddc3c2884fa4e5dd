import { completing } from "../core/complete-tokens.ts";
import {
  requestFromUser,
  requestSilently,
  storedOrRequested,
  type Found,
} from "../core/cached-request.ts";
import type { Stop } from "../core/flights.ts";
import type { Grant } from "../core/grant.ts";
import { isSessionOver } from "../core/refresh-failure.ts";
import { remainingMs } from "../core/token-lifetime.ts";
import { tokenSet } from "../core/token-set.ts";
import {
  requestOf,
  type Entry,
  type RequestedEntry,
  type ServiceEntries,
} from "./service-entries.ts";
import { lifetimeOf, type ServiceTokens, type ServiceTokenSet } from "./service-tokens.ts";
import { UserChanged } from "./service-users.ts";
import type {
  ForceRefreshOptions,
  ServiceTokenOptions,
  TokenManagerConfig,
} from "./token-manager-options.ts";

/** Finds the tokens of an entry: in the storage, or at the provider of the token manager. */
export class ServiceRequests {
  /** The provider, whose tokens are validated and completed. */
  readonly provider: Pick<Grant, "requestToken">;
  readonly #config: Pick<TokenManagerConfig, "clock">;
  readonly #entries: ServiceEntries;

  constructor(config: Pick<TokenManagerConfig, "clock" | "provider">, entries: ServiceEntries) {
    this.#config = config;
    this.#entries = entries;
    this.provider = completing(config.provider, config.clock);
  }

  /**
   * Returns the stored tokens, or requests tokens from the provider and stores them. If the provider fails while the stored
   * token is still valid, returns the stored tokens, unless the session has ended.
   */
  async find(
    entry: Entry,
    { refused, stop, ...options }: ServiceTokenOptions & { stop: Pick<Stop, "signal"> },
    mode: ForceRefreshOptions["mode"],
  ): Promise<ServiceTokenSet> {
    const isReload = options.cache === "reload";
    const before = await this.#entries.read(entry);
    const isNewEnough = !isReload || (refused !== undefined && before?.accessToken !== refused);
    if (isNewEnough && this.#entries.isGood(before)) return before;
    try {
      return await this.#get(entry, before, { ...options, signal: stop.signal }, mode);
    } catch (error) {
      if (error instanceof UserChanged) throw error;
      const stored = await this.#entries.read(entry).catch(() => undefined);
      const isOther = ![before?.accessToken, refused].includes(stored?.accessToken);
      // Another process has stored newer tokens, after this process had lost the lock.
      if (isOther && this.#entries.isGood(stored)) return stored;
      if (isReload || isSessionOver(error)) throw error;
      if (stored && remainingMs(lifetimeOf(stored), this.#config.clock.now()) > 0) {
        return stored;
      }
      throw error;
    }
  }

  /**
   * First calls the provider with `prompt: "none"`. If only a user can help, calls the provider a second time and lets the
   * provider ask the user. Each of the two calls has its own lock, so a request with `prompt: "none"` never waits for a user.
   */
  async #get(
    entry: Entry,
    before: ServiceTokens | undefined,
    options: ServiceTokenOptions & { signal: AbortSignal },
    mode: ForceRefreshOptions["mode"],
  ): Promise<ServiceTokenSet> {
    const { cache = "default", prompt = "if needed", signal } = options;
    const find = (lock: string, request: (stored?: ServiceTokens) => Promise<Found>) =>
      storedOrRequested<ServiceTokens>(
        cache,
        before,
        {
          read: () => this.#entries.read(entry),
          isGood: (stored) => this.#entries.isGood(stored),
          tokensOf: (stored) => tokenSet(stored),
          underLock: (work) => this.#entries.underLock(lock, signal, work),
        },
        request,
      );
    const requested = await this.#entries.requested(entry);
    let found: Found = {};
    if (prompt === "if needed" || prompt === "none") {
      found = await find(entry.key, (stored) => this.#request(requested, stored, options, mode));
      if (prompt === "none" && found.reason) throw found.reason;
    }
    if (!found.tokens) {
      const { reason } = found;
      found = await find(`${entry.key}/user`, (stored) =>
        this.#ask(requested, stored, options, reason),
      );
    }
    return found.tokens!;
  }

  async #request(
    entry: RequestedEntry,
    stored: ServiceTokens | undefined,
    options: ServiceTokenOptions,
    mode: ForceRefreshOptions["mode"],
  ): Promise<Found> {
    const found = await requestSilently(this.provider, requestOf(entry, stored, options), {
      ...(stored && mode === "refresh" && { tokens: tokenSet(stored), refusal: stored.refusal }),
      dropRefreshToken: () => {
        const { refreshToken: _, ...rest } = stored!;
        return this.#entries.change(entry, rest);
      },
      putRefusal: (refusal) => this.#entries.change(entry, { ...stored!, refusal }),
      // A failure of the storage must not hide the server's error.
      delete: () => this.#entries.remove(entry, stored).catch(() => {}),
    });
    if (!found.tokens) return found;
    if (await this.#entries.write(entry, found.tokens, stored)) return found;
    // This process had lost the lock, and another process has stored newer tokens.
    const newer = await this.#entries.read(entry).catch(() => undefined);
    return this.#entries.isGood(newer) ? { tokens: tokenSet(newer) } : found;
  }

  /**
   * Calls the provider and lets the provider ask the user. The request omits the stored tokens, because another call might
   * refresh these tokens meanwhile.
   */
  async #ask(
    entry: RequestedEntry,
    stored: ServiceTokens | undefined,
    options: ServiceTokenOptions,
    reason: Found["reason"],
  ): Promise<Found> {
    const request = requestOf(entry, stored, options);
    const tokens = await requestFromUser(this.provider, request, reason);
    await this.#entries.writeLocked(entry, tokens);
    return { tokens };
  }
}
