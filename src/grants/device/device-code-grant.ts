import { onAbort } from "../../core/on-abort.ts";
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

/** The interval at which a waiting tab reads the stored code. Meanwhile another tab polls the server. Milliseconds. */
const LOOK_MS = 1_000;

/**
 * The options of a `DeviceCodeGrant`. The app provides the `prompt`. `createAuth()` passes the other members to the app's
 * `grant` function.
 */
export interface DeviceCodeGrantConfig {
  /** The key of the client: the result of `clientKey(issuer, clientId)`. */
  readonly client: ClientKey;
  /** Shows the code to the user. */
  readonly prompt: DevicePrompt;
  /**
   * The store of the device logins, for example `new IndexedDBRequestStore(database, "device/")`. The store must hold nothing
   * else.
   */
  readonly requests: RequestStore;
  readonly locks: TabLock;
  readonly clock: Clock;
  /** Makes the pause after a failed poll random, so that many devices do not poll at the same moment. Default: not random. */
  readonly random?: Pick<Random, "fraction">;
}

/**
 * Logs a user in with a device code: the user enters the code on another device, and approves the login there. One tab polls
 * the token endpoint. Other tabs that request the same scope, resource and audience show the same code. If the polling tab
 * closes, one of these tabs continues to poll.
 *
 * If the request has `prompt: "none"`, the grant shows nothing and rejects.
 * @see https://www.rfc-editor.org/rfc/rfc8628
 * @example
 * const prompt: DevicePrompt = {
 *   showCode: ({ userCode, verificationUri }) => {
 *     document.title = `Open ${verificationUri} and enter ${userCode}`;
 *   },
 * };
 * const createGrant = (parts: GrantParts) =>
 *   new RefreshGrant(new DeviceCodeGrant(parts.server, { ...parts, prompt }), parts);
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
   * @throws NoTokenError the request has `prompt: "none"`, so no code can be shown; or another tab got the tokens of this login
   * @throws DeviceCodeError the user denied the login, the code expired, the server issued no code, or the login failed in
   * another tab
   * @throws RequestTokenError the server refused the client or the token request, for example with `invalid_client`
   * @throws NetworkError the request for a code got no response. A poll without a response is repeated
   * @throws CancelledError the user dismissed the prompt
   * @throws InvalidResponseError the request has an authorization response, which this grant cannot exchange
   */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { prompt, roundTrip, response, signal } = request;
    if (response !== undefined) {
      throw new InvalidResponseError(
        "state",
        "an authorization response arrived, but this app logs in with device codes",
        "If the app also logs in with redirects, use an AuthorizationCodeGrant. If not, remove the redirect URI at the server.",
      );
    }
    if ((roundTrip?.prompt ?? prompt) === "none")
      throw new NoTokenError('a device login must show a code, but the request has prompt: "none"');
    signal?.throwIfAborted();
    const leave = new AbortController();
    const unfollow = signal && onAbort(signal, () => leave.abort(signal.reason));
    const dismiss = () =>
      leave.abort(new CancelledError("the user dismissed the prompt with the device code"));
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
      unfollow?.();
    }
  }

  #inTurn(call: DeviceCall): Promise<TokenSet> {
    return new Promise((resolve, reject) => {
      this.#cache(call, resolve).then(resolve, reject);
    });
  }

  /**
   * Takes the lock of the login and runs the login, so that only one tab polls at a time.
   *
   * If `request.stored` is set, `give` passes the tokens to the caller while the lock is held. The lock is released when the
   * caller has stored the tokens.
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

  /** Until `turn` is aborted, shows the code of the tab that polls. If this code expires, aborts this tab's login. */
  async #follow({ id, screen, leave }: DeviceCall, turn: AbortSignal): Promise<void> {
    const { locks, clock } = this.#config;
    while (!turn.aborted) {
      const found = await this.#pending.find(id);
      if (turn.aborted) return;
      if (found && !("end" in found) && found.expiresAt > clock.now()) screen.show(found);
      else if (screen.code && screen.code.expiresAt <= clock.now()) leave.abort(deviceExpired());
      await clock.sleep(LOOK_MS, turn);
      // A page in the back/forward cache might still hold the lock. `locks.query()` makes the browser release such a lock.
      await locks.query();
    }
  }

  /**
   * Deletes the stored login. If another tab holds the lock or waits for the lock, does nothing, because that tab still needs
   * the stored login.
   */
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
