import { abortable } from "../core/abortable.ts";
import type { AuthorizationServer } from "../core/authorization-server.ts";
import { NoTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TokenSet } from "../core/token-set.ts";

/** Travels to the authorization endpoint and back, with PKCE. Goes nowhere without a trip. @see RFC 6749 section 4.1 @see RFC 7636 */
export class AuthorizationCodeGrant implements Grant {
  readonly #server: Pick<AuthorizationServer, "authorize" | "exchange">;

  constructor(server: Pick<AuthorizationServer, "authorize" | "exchange">) {
    this.#server = server;
  }

  /** @throws NoTokenError the request carries neither a trip nor a response */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { roundTrip, response, signal } = request;
    if (response !== undefined) return this.#server.exchange(response, signal);
    if (!roundTrip) throw new NoTokenError("a login is needed");
    roundTrip.assertMayNavigate?.();
    const { redirectUri, prompt = request.prompt } = roundTrip;
    const asked = { ...request, redirectUri, ...(prompt && { prompt }) };
    const url = await this.#server.authorize(asked, signal);
    signal?.throwIfAborted();
    return this.#server.exchange(await abortable(roundTrip.navigate(url), signal), signal);
  }
}
