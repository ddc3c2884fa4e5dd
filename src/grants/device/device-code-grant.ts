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

/**
 * While one tab polls the server, other tabs can wait and show the same code. Each waiting tab reads this code from the store
 * at this interval. Milliseconds.
 */
const LOOK_MS = 1_000;

/**
 * The options of a `DeviceCodeGrant`. The app provides the `prompt`. The other options are members of `GrantParts`, the object
 * that `createAuth()` passes to the app's `grant` function.
 */
export interface DeviceCodeGrantConfig {
  /** The key of the client: the result of `clientKey(issuer, clientId)`. */
  readonly client: ClientKey;
  /** Shows the code to the user. */
  readonly prompt: DevicePrompt;
  /** A store that holds device logins only, such as `new IndexedDBRequestStore(database, "device/")`. */
  readonly requests: RequestStore;
  readonly locks: TabLock;
  readonly clock: Clock;
  /**
   * Adds a random part to the pause after a failed poll. Without a random part, many devices might poll at the same moment
   * after an outage. Default: no random part.
   */
  readonly random?: Pick<Random, "fraction">;
}

/**
 * Logs a user in with a device code: the user enters the code on another device, and approves the login there. One tab polls
 * the token endpoint. Other tabs that request the same scope, resource and audience wait and show the same code. When the
 * polling tab aborts its request, reloads or closes, one of the waiting tabs continues to poll with this code.
 *
 * When the login ends, the code is deleted. The code is also deleted when all tabs that show it have aborted their requests. If
 * the request has `prompt: "none"`, the grant shows nothing and rejects. The grant neither uses nor closes the request's
 * `roundTrip`, which is for logins by redirect, popup or frame.
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
   * @throws RequestTokenError the server refused the token request, but not because of a denial or an expired code
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
    const follow = () => leave.abort(signal!.reason);
    signal?.addEventListener("abort", follow);
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
      signal?.removeEventListener("abort", follow);
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
   * If `request.stored` is set, the lock is kept until the caller has stored the tokens. The next tab that gets the lock then
   * finds the tokens in the store. The caller needs the tokens before it can store them. So `give` passes the tokens to the
   * caller while the lock is still held.
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

  /**
   * While this tab waits for the lock, shows the code of the polling tab. If that code expires, aborts the login of this tab.
   */
  async #follow({ id, screen, leave }: DeviceCall, turn: AbortSignal): Promise<void> {
    const { locks, clock } = this.#config;
    while (!turn.aborted) {
      const found = await this.#pending.find(id);
      if (turn.aborted) return;
      if (found && !("end" in found) && found.expiresAt > clock.now()) screen.show(found);
      else if (screen.code && screen.code.expiresAt <= clock.now()) leave.abort(deviceExpired());
      await clock.sleep(LOOK_MS, turn);
      // If the page of the polling tab is in the back/forward cache, this page might still hold the lock. A query of the locks
      // makes the browser release this page's lock.
      await locks.query();
    }
  }

  /**
   * Deletes the record of the login. If another tab has the lock or waits for it, does nothing. Such a tab still needs the
   * record: it continues with the stored code, or reads from the record how the login ended.
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
