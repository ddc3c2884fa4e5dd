import { abortable } from "../core/abortable.ts";
import { DeviceCodeError } from "../core/device-code-error.ts";
import {
  ConfigurationError,
  isAuthError,
  NetworkError,
  RequestTokenError,
} from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import { isUnknownClient } from "../core/server-responses.ts";
import type { OwnerId, TokenOwner } from "../core/token-owner.ts";
import type { TokenSet } from "../core/token-set.ts";

/** What comes from elsewhere; the rest of its members is the factory's business. */
export interface GrantConfiguration {
  /** Which factory of the registry makes the grant. */
  readonly type: string;
}

export interface ConfiguredGrantConfig<C extends GrantConfiguration> {
  /**
   * Asked before each request, so let a cache answer, as in `fetch("/auth.json", { cache })`. `reload`: the server did not know
   * the client any more, so past the cache.
   */
  readonly loadConfig: (options: { cache: "default" | "reload" }) => Promise<C>;
  /** Makes grants, by `type`. */
  readonly registry: Readonly<Record<string, (configuration: C) => Grant>>;
}

interface Built {
  readonly grant: Grant;
  /** As JSON. */
  readonly configuration: string;
}

/** Of tokens that depend on no user. */
const NO_OWNER: OwnerId = { sub: "" };

/**
 * The grant that a remote configuration describes; another one when that changes. After `invalid_client` the configuration is
 * loaded again, and the request made once more if it changed. When it cannot be loaded the last one known serves on.
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
   * @throws NetworkError the configuration cannot be loaded
   * @throws ConfigurationError it has no type, or one that is not registered
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
      // What a trip brought was sent, and is sent once; the next login finds the newer configuration.
      const isSent = error instanceof RequestTokenError && (roundTrip || response !== undefined);
      if (isSent) return await rejectAfter(newer, error);
      const { grant } = await abortable(newer, signal);
      if (grant === built.grant) throw error;
      return await grant.requestToken(request);
    }
  }

  /** A grant that was not made in this page yet may have stored something in an earlier one. */
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

  /** One at a time for everybody who asks; whoever leaves does not end it for the others. */
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
      // Not as a cause: what a fetch throws may hold the request.
      const reason = error instanceof Error ? error.name : "failed";
      throw new NetworkError(`the configuration of the grant: ${reason}`);
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
    typeof type === "string" ? `no grant is registered for "${type}"` : "it is missing",
    `The configuration must name one of: ${Object.keys(registry).join(", ")}.`,
  );
}

/** By the token endpoint, or the one for device codes. */
function isRefusedClient(error: unknown): boolean {
  const isRefusal = error instanceof RequestTokenError || error instanceof DeviceCodeError;
  return isRefusal && isUnknownClient(error);
}

async function rejectAfter(work: Promise<unknown>, error: unknown): Promise<never> {
  await work.catch(() => {});
  throw error;
}
