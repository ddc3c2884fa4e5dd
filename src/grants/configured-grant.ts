import { abortable } from "../core/abortable.ts";
import { DeviceCodeError } from "../core/device-code-error.ts";
import { ConfigurationError, isAuthError, NetworkError } from "../core/errors.ts";
import { RequestTokenError } from "../core/protocol-errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import { isUnknownClient } from "../core/server-responses.ts";
import type { OwnerId, TokenOwner } from "../core/token-owner.ts";
import type { TokenSet } from "../core/token-set.ts";

/** A remote configuration. Its other members are for the factory that `type` names. */
export interface GrantConfiguration {
  /** Name of the factory in `registry`. */
  readonly type: string;
}

/** How a `ConfiguredGrant` loads its configuration and creates grants from it. */
export interface ConfiguredGrantConfig<C extends GrantConfiguration> {
  /**
   * Called before each request, so use a cache, as in `fetch("/auth.json", { cache })`. `reload`: bypass the cache, because the
   * server no longer knows the client.
   */
  readonly loadConfig: (options: { cache: "default" | "reload" }) => Promise<C>;
  /** The factories of grants, by `type`. */
  readonly registry: Readonly<Record<string, (configuration: C) => Grant>>;
}

interface Built {
  readonly grant: Grant;
  /** The configuration as JSON, to notice changes. */
  readonly configuration: string;
}

/** The owner of tokens that depend on no user. */
const NO_OWNER: OwnerId = { sub: "" };

/**
 * Creates the grant that a remote configuration describes, and another grant when the configuration changes. After
 * `invalid_client` the configuration is loaded again, and the request is repeated once if the configuration has changed. When
 * the network fails, the last known configuration stays in use.
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
   * Rejects as the created grant does, too.
   * @throws NetworkError the configuration could not be loaded
   * @throws ConfigurationError the configuration has no `type`, or `registry` has no factory for it
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
      // A code is sent only once, so a login is not repeated. The next login uses the newer configuration.
      const isSent = error instanceof RequestTokenError && (roundTrip || response !== undefined);
      if (isSent) return await rejectAfter(newer, error);
      const { grant } = await abortable(newer, signal);
      if (grant === built.grant) throw error;
      return await grant.requestToken(request);
    }
  }

  /** Creates the grant if necessary, because the same grant may have stored tokens in an earlier page. */
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

  /** Concurrent callers share one load. An aborted caller does not stop it for the others. */
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
      // The error is not set as `cause`, because the error of a fetch may contain the request.
      const reason = error instanceof Error ? error.name : "failed";
      throw new NetworkError(`the grant's configuration could not be loaded: ${reason}`);
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
      ? `no grant is registered for "${type}"`
      : "the loaded configuration has none",
    `Set type to the name of a registered grant: ${Object.keys(registry).join(", ")}.`,
  );
}

/** Whether the token endpoint or the device authorization endpoint does not know the client. */
function isRefusedClient(error: unknown): boolean {
  const isRefusal = error instanceof RequestTokenError || error instanceof DeviceCodeError;
  return isRefusal && isUnknownClient(error);
}

async function rejectAfter(work: Promise<unknown>, error: unknown): Promise<never> {
  await work.catch(() => {});
  throw error;
}
