import { ConfigurationError } from "../core/errors.ts";

/**
 * The commands of Redis that Latchkey sends. A client of the package `redis` has these methods. The app creates, connects and
 * closes the client. A type mapping of the client does not apply to the commands of Latchkey.
 * @see https://github.com/redis/node-redis
 */
export interface RedisClient {
  get(key: string): Promise<string | null>;
  unlink(keys: string[]): Promise<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  scanIterator(options: { MATCH: string; COUNT: number }): AsyncIterable<string[]>;
}

/**
 * Checks the client that an app passes.
 * @throws ConfigurationError `client` lacks one of the `methods`, is a pool, or adds a prefix to all keys
 */
export function checkClient<Method extends keyof RedisClient>(
  client: Pick<RedisClient, Method> | undefined,
  methods: readonly Method[],
): void {
  const missing = methods.find((name) => typeof client?.[name] !== "function");
  if (missing !== undefined) {
    throw new ConfigurationError(
      "client",
      `it has no method ${missing}()`,
      "Give a client that createClient() of the package redis returned. A client of a cluster does not fit.",
    );
  }
  // A pool sends each command over any of its connections, so the commands can arrive in another order.
  if ("totalClients" in (client as object)) {
    throw new ConfigurationError(
      "client",
      "it is a pool of clients",
      "Give a client that createClient() of the package redis returned.",
    );
  }
  // Such a client adds its prefix to the key of a command, but not to the pattern of SCAN.
  const { options } = client as { options?: { keyPrefix?: unknown } };
  if (options?.keyPrefix) {
    throw new ConfigurationError(
      "client",
      "it has the option keyPrefix",
      "Create the client without keyPrefix, and give Latchkey the option `prefix`.",
    );
  }
}

/**
 * Returns a client that sends its commands over the connection of `client`, and whose replies are strings and numbers. The type
 * mapping of an app's client could turn these replies into buffers, for example.
 * @see https://github.com/redis/node-redis/blob/master/docs/RESP.md
 */
export function withoutTypeMapping<Client>(client: Client): Client {
  const { withTypeMapping, _commandOptions } = client as Mappable<Client>;
  // A client without a mapping is used as it is, because each command of another client takes longer.
  const isMapped = !_commandOptions || _commandOptions.typeMapping !== undefined;
  return isMapped && typeof withTypeMapping === "function"
    ? withTypeMapping.call(client, {})
    : client;
}

/** The members of a client of the package `redis` that have to do with type mappings. */
interface Mappable<Client> {
  readonly withTypeMapping?: (mapping: object) => Client;
  /** Not public. If a version of the package does not have it, the client might have a mapping. */
  readonly _commandOptions?: { readonly typeMapping?: object };
}

/**
 * Checks a prefix that an app passes.
 * @throws ConfigurationError `prefix` is no string
 */
export function checkPrefix(prefix: unknown): void {
  if (typeof prefix === "string") return;
  throw new ConfigurationError("prefix", `it is ${typeof prefix}`, "Give a string.");
}
