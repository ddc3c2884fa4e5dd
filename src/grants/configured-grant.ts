import { abortable } from "../core/abortable.ts";
import { DeviceCodeError } from "../core/device-code-error.ts";
import { ConfigurationError, isAuthError, NetworkError } from "../core/errors.ts";
import { RequestTokenError } from "../core/protocol-errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import { isUnknownClient } from "../core/server-responses.ts";
import type { OwnerId, TokenOwner } from "../core/token-owner.ts";
import type { TokenSet } from "../core/token-set.ts";

/**
 * The configuration of a grant, loaded by `loadConfig()`. `type` selects a factory: a function that creates the grant from the
 * configuration.
 */
export interface GrantConfiguration {
  /** The name of a factory in the option `registry` of a `ConfiguredGrant`. */
  readonly type: string;
}

/** The options of a `ConfiguredGrant`. */
export interface ConfiguredGrantConfig<C extends GrantConfiguration> {
  /**
   * Loads the configuration, for example with `fetch("/auth.json", { cache })`. The grant calls this function before each
   * request, so let the browser cache the configuration. If `cache` is `reload`, the function must bypass the browser's cache.
   */
  readonly loadConfig: (options: { cache: "default" | "reload" }) => Promise<C>;
  /** Maps each `type` to the function that creates a grant of this type from the configuration. */
  readonly registry: Readonly<Record<string, (configuration: C) => Grant>>;
}

interface Built {
  readonly grant: Grant;
  /** The configuration of `grant`, as JSON. If the next loaded configuration is different, a new grant is created. */
  readonly configuration: string;
}

/** The user of a created grant that has no `owner`. An empty `sub` means that the tokens depend on no user. */
const NO_OWNER: OwnerId = { sub: "" };

/**
 * Loads a configuration, creates a grant from the configuration, and passes each request to this grant. If the configuration
 * changes, the next request creates another grant. If the configuration can no longer be loaded, the last grant stays in use.
 *
 * If the server returns `invalid_client`, the configuration is loaded again. If the configuration has changed, the request is
 * repeated once with the new grant.
 * @example
 * interface Configuration extends GrantConfiguration {
 *   readonly token: string;
 * }
 * const grant = new ConfiguredGrant<Configuration>({
 *   loadConfig: async ({ cache }) => (await fetch("/auth.json", { cache })).json(),
 *   registry: { static: ({ token }) => new StaticGrant({ accessToken: token }) },
 * });
 */
export class ConfiguredGrant<C extends GrantConfiguration> implements Grant {
  readonly #config: ConfiguredGrantConfig<C>;
  #built: Built | undefined;
  readonly owner: TokenOwner = {
    getUser: async () => {
      const { grant } = this.#built ?? (await this.#current());
      return grant.owner ? grant.owner.getUser() : NO_OWNER;
    },
  };
  readonly #loading: { default?: Promise<Built>; reload?: Promise<Built> } = {};

  constructor(config: ConfiguredGrantConfig<C>) {
    this.#config = config;
  }

  /**
   * Rejects with the errors below, and with each error of the created grant.
   * @throws NetworkError the configuration could not be loaded
   * @throws ConfigurationError the configuration has no `type`, or `registry` has no factory for this `type`
   */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { roundTrip, response, signal } = request;
    signal?.throwIfAborted();
    const built = await abortable(this.#current(), signal);
    try {
      return await built.grant.requestToken(request);
    } catch (error) {
      if (!isRefusedClient(error)) throw error;
      const newer = this.#built === built ? this.#load("reload") : this.#current();
      // A login is not repeated, because an authorization code is valid only once.
      const isSent = error instanceof RequestTokenError && (roundTrip || response !== undefined);
      if (isSent) return await rejectAfter(newer, error);
      const { grant } = await abortable(newer, signal);
      if (grant === built.grant) throw error;
      return await grant.requestToken(request);
    }
  }

  /**
   * Calls `removeUser()` of the created grant. If no grant exists yet, creates the grant first, because an earlier page might
   * have stored tokens of the user.
   */
  async removeUser(sub: string): Promise<void> {
    const built = await this.#current();
    await built.grant.removeUser?.(sub);
  }

  async #current(): Promise<Built> {
    try {
      return await this.#load("default");
    } catch (error) {
      if (this.#built && error instanceof NetworkError) return this.#built;
      throw error;
    }
  }

  /** Loads the configuration and creates the grant. Concurrent callers share one load. */
  #load(cache: "default" | "reload"): Promise<Built> {
    this.#loading[cache] ??= this.#build(cache).finally(() => {
      delete this.#loading[cache];
    });
    return this.#loading[cache];
  }

  async #build(cache: "default" | "reload"): Promise<Built> {
    const loaded = await this.#loaded(cache);
    const configuration = JSON.stringify(loaded);
    if (this.#built && this.#built.configuration === configuration) return this.#built;
    this.#built = { grant: make(loaded, this.#config.registry), configuration };
    return this.#built;
  }

  async #loaded(cache: "default" | "reload"): Promise<C> {
    try {
      return await this.#config.loadConfig({ cache });
    } catch (error) {
      if (isAuthError(error)) throw error;
      // The `NetworkError` has no `cause`, because the app's error might contain a secret.
      const reason = error instanceof Error ? error.name : "a value that is not an Error";
      throw new NetworkError(
        `the grant's configuration could not be loaded, because loadConfig() rejected with ${reason}`,
      );
    }
  }
}

function make<C extends GrantConfiguration>(
  configuration: C,
  registry: ConfiguredGrantConfig<C>["registry"],
): Grant {
  const type: unknown = configuration?.type;
  const factory =
    typeof type === "string" && Object.hasOwn(registry, type) ? registry[type] : undefined;
  if (factory) return factory(configuration);
  throw new ConfigurationError(
    "type",
    typeof type === "string"
      ? `registry has no grant for "${type}"`
      : "the loaded configuration has no type",
    `In the configuration, set type to one of the names in registry: ${Object.keys(registry).join(", ")}.`,
  );
}

/** Returns true if the token endpoint or the device authorization endpoint returned `invalid_client`. */
function isRefusedClient(error: unknown): boolean {
  const isRefusal = error instanceof RequestTokenError || error instanceof DeviceCodeError;
  return isRefusal && isUnknownClient(error);
}

async function rejectAfter(work: Promise<unknown>, error: unknown): Promise<never> {
  await work.catch(() => {});
  throw error;
}
