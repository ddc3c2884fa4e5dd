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

/** How often a waiting tab reads the code that the polling tab stored. Milliseconds. */
const LOOK_MS = 1_000;

/** The parts of a `DeviceCodeGrant`. `GrantParts` has all of them except `prompt`. */
export interface DeviceCodeGrantConfig {
  /** The client, from `clientKey(issuer, clientId)`. */
  readonly client: ClientKey;
  /** Shows the code to the user. */
  readonly prompt: DevicePrompt;
  /** A store that holds device logins only, such as `new IndexedDBRequestStore(database, "device/")`. */
  readonly requests: RequestStore;
  readonly locks: TabLock;
  readonly clock: Clock;
  /** Spreads the polls of many devices after an outage. Default: no spreading. */
  readonly random?: Pick<Random, "fraction">;
}

/**
 * Logs in a user who approves the login on another device. One tab polls the token endpoint. Other tabs that request the same
 * target show the same code. One of these tabs continues with the code when the polling tab aborts, reloads or closes.
 *
 * The code is deleted when the login ends, or when the last of these tabs aborts. With `prompt: "none"` nothing is shown. A
 * `roundTrip` in the request is neither used nor closed.
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
   * @throws NoTokenError nothing may be shown; or another tab got the tokens, and its caller has stored them
   * @throws DeviceCodeError the user denied the login, the code expired, or the server issued no code
   * @throws RequestTokenError the server refused the token request for another reason
   * @throws NetworkError no response to the request for a code came; a poll without a response is repeated
   * @throws CancelledError the user dismissed the prompt
   * @throws InvalidResponseError the request has an authorization response, which this grant cannot exchange
   */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { prompt, roundTrip, response, signal } = request;
    if (response !== undefined) {
      throw new InvalidResponseError(
        "state",
        "an authorization response arrived, but this app logs in with device codes",
        "Remove the redirect URI at the server, or let an AuthorizationCodeGrant handle the response.",
      );
    }
    if ((roundTrip?.prompt ?? prompt) === "none")
      throw new NoTokenError("a device login is needed, and nothing may be shown");
    signal?.throwIfAborted();
    const leave = new AbortController();
    const follow = () => leave.abort(signal!.reason);
    signal?.addEventListener("abort", follow);
    const dismiss = () => leave.abort(new CancelledError("the user dismissed the device code"));
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
   * Runs the login in one tab at a time. With `request.stored` the caller gets the tokens before the lock is released. The lock
   * is held until the tokens are stored, so that the next tab finds them.
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

  /** Shows the code of the polling tab until this tab has the lock. */
  async #follow({ id, screen, leave }: DeviceCall, turn: AbortSignal): Promise<void> {
    const { locks, clock } = this.#config;
    while (!turn.aborted) {
      const found = await this.#pending.find(id);
      if (turn.aborted) return;
      if (found && !("end" in found) && found.expiresAt > clock.now()) screen.show(found);
      else if (screen.code && screen.code.expiresAt <= clock.now()) leave.abort(deviceExpired());
      await clock.sleep(LOOK_MS, turn);
      // The polling tab may be in the back/forward cache. A query frees its locks.
      await locks.query();
    }
  }

  /**
   * Deletes the record, unless another tab waits for the lock: that tab continues with the code, or reads how the login ended.
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
