import { withoutTypeMapping } from "./redis-client.ts";
import { kindOf, NoReply, redisError } from "./redis-error.ts";

/** Default of `timeoutMs`. Milliseconds. */
export const TIMEOUT_MS = 1_000;

/**
 * Sends commands to Redis. A client of the package `redis` keeps a command while Redis is down, and sends the command later. So
 * each command has a timeout.
 */
export class RedisCommands<Client> {
  readonly #client: Client;
  readonly #timeoutMs: number;

  constructor(client: Client, timeoutMs: number) {
    this.#client = withoutTypeMapping(client);
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Calls `send` with the client, and returns the reply. `command` is the name of the command in an error. After a timeout,
   * Redis might still execute the command.
   * @param recover returns a reply for a kind of failure such as `WRONGTYPE`, or undefined
   * @throws StorageError Redis refused the command or did not reply in time
   */
  async send<T>(
    command: string,
    send: (client: Client) => Promise<T>,
    recover?: (kind: string) => T | undefined,
  ): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        // Two timers: a process that stopped past the timeout still has the second half to read a reply that has arrived.
        const halfMs = this.#timeoutMs / 2;
        const fail = () => reject(new NoReply(this.#timeoutMs));
        timer = setTimeout(() => (timer = setTimeout(fail, halfMs)), halfMs);
        send(this.#client).then(resolve, reject);
      });
    } catch (cause) {
      const reply = recover?.(kindOf(cause));
      if (reply === undefined) throw redisError(command, cause);
      return reply;
    } finally {
      clearTimeout(timer);
    }
  }
}
