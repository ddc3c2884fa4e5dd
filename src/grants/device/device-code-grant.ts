import type { AuthorizationServer } from "../../core/authorization-server.ts";
import type { DevicePrompt } from "../../core/device-prompt.ts";
import { CancelledError, InvalidResponseError, NoTokenError } from "../../core/errors.ts";
import type { Grant, TokenRequest } from "../../core/grant.ts";
import type { ClientKey } from "../../core/keys.ts";
import type { Clock, Random, TabLock } from "../../core/ports.ts";
import type { RequestStore } from "../../core/request-store.ts";
import type { TokenSet } from "../../core/token-set.ts";
import { targetKey } from "../../core/token-target.ts";
import { deviceExpired, endOf } from "./device-end.ts";
import { deviceLogin, type DeviceCall } from "./device-login.ts";
import { DeviceScreen } from "./device-screen.ts";
import { PendingDevices } from "./pending-device.ts";

/** How often a tab that waits looks for the code that another one shows. Milliseconds. */
const LOOK_MS = 1_000;

export interface DeviceCodeGrantConfig {
  readonly client: ClientKey;
  readonly prompt: DevicePrompt;
  /** For device logins alone, such as `new IndexedDBRequestStore(database, "device/")`. */
  readonly requests: RequestStore;
  readonly locks: TabLock;
  readonly clock: Clock;
  /** Spreads what many devices do after an outage. */
  readonly random?: Pick<Random, "fraction">;
}

/**
 * Signs a person in who decides on another device. One tab polls; others that want the same show the same code, and go on with
 * it when that tab is left or dies, as a reload does. The code is deleted with the login's end, or by the last who leaves it.
 * Shows nothing with `prompt: "none"`; a trip is not used, and its opener closes it.
 * @see RFC 8628
 */
export class DeviceCodeGrant implements Grant {
  readonly owner = null;
  readonly #server: Pick<AuthorizationServer, "authorizeDevice" | "requestTokens">;
  readonly #config: DeviceCodeGrantConfig;
  readonly #pending: PendingDevices;

  constructor(
    server: Pick<AuthorizationServer, "authorizeDevice" | "requestTokens">,
    config: DeviceCodeGrantConfig,
  ) {
    this.#server = server;
    this.#config = config;
    this.#pending = new PendingDevices(config.requests);
  }

  /**
   * @throws NoTokenError nothing may be shown; or another tab has the tokens, and its caller stored them
   * @throws DeviceCodeError denied, expired, or the server gave no code
   * @throws RequestTokenError refused for another reason
   * @throws NetworkError no answer to the request for a code; polling goes on without one
   * @throws CancelledError the person dismissed the prompt
   */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { prompt, roundTrip, response, signal } = request;
    if (response !== undefined) {
      throw new InvalidResponseError(
        "state",
        "this app signs in with a device code and waits for no response",
        "Take the redirect URI away, or put an AuthorizationCodeGrant in front.",
      );
    }
    if ((roundTrip?.prompt ?? prompt) === "none")
      throw new NoTokenError("a device login is needed");
    signal?.throwIfAborted();
    const leave = new AbortController();
    const follow = () => leave.abort(signal!.reason);
    signal?.addEventListener("abort", follow);
    const dismiss = () => leave.abort(new CancelledError("the person dismissed the code"));
    const screen = new DeviceScreen(this.#config.prompt, dismiss);
    const id = `${this.#config.client}/${targetKey(request)}`;
    try {
      const tokens = await this.#inTurn({ id, request, screen, leave });
      screen.end("approved");
      return tokens;
    } catch (error) {
      screen.end(signal?.aborted || error instanceof CancelledError ? "cancelled" : endOf(error));
      throw error;
    } finally {
      signal?.removeEventListener("abort", follow);
    }
  }

  #inTurn(call: DeviceCall): Promise<TokenSet> {
    return new Promise((resolve, reject) => {
      this.#cache(call, resolve).then(resolve, reject);
    });
  }

  /**
   * One tab at a time. When the caller says when it has `stored` the tokens, it is given them earlier, and the others' turn
   * comes when they can find what it stored.
   */
  async #cache(call: DeviceCall, give: (tokens: TokenSet) => void): Promise<TokenSet> {
    const { locks } = this.#config;
    const parts = { ...this.#config, server: this.#server, pending: this.#pending };
    const { id, request, leave } = call;
    const { stored } = request;
    const turn = new AbortController();
    this.#follow(call, turn.signal).catch(() => {});
    try {
      return await locks.request(
        lockName(id),
        { mode: "exclusive", signal: leave.signal },
        async () => {
          turn.abort();
          const tokens = await deviceLogin(call, parts);
          if (stored) {
            give(tokens);
            await stored.catch(() => {});
          }
          return tokens;
        },
      );
    } finally {
      turn.abort();
      await this.#tidy(id);
    }
  }

  /** While another tab polls: shows what that one shows. */
  async #follow({ id, screen, leave }: DeviceCall, turn: AbortSignal): Promise<void> {
    const { locks, clock } = this.#config;
    while (!turn.aborted) {
      const found = await this.#pending.find(id);
      if (turn.aborted) return;
      if (found && !("end" in found) && found.expiresAt > clock.now()) screen.show(found);
      else if (screen.code && screen.code.expiresAt <= clock.now()) leave.abort(deviceExpired());
      await clock.sleep(LOOK_MS, turn);
      // Who polled may be in the back/forward cache.
      await locks.query();
    }
  }

  /** Deletes what is stored, unless another tab waits and goes on with it, or has yet to see how it ended. */
  async #tidy(id: string): Promise<void> {
    const { locks } = this.#config;
    await locks
      .request(lockName(id), { mode: "exclusive", ifAvailable: true }, async (isLast) => {
        if (isLast) await this.#pending.delete(id);
      })
      .catch(() => {});
  }
}

function lockName(id: string): string {
  return `device/${id}`;
}
