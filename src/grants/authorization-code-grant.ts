import { abortable } from "../core/abortable.ts";
import type { AuthorizationServer } from "../core/authorization-server.ts";
import { NoTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TokenSet } from "../core/token-set.ts";

/**
 * Logs a user in with the authorization code flow and PKCE. A login starts only if the request has a `roundTrip`: the page,
 * popup or frame that visits the authorization endpoint.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1
 * @see https://www.rfc-editor.org/rfc/rfc7636
 * @example
 * createAuth({
 *   issuer: "https://id.example.com",
 *   clientId: "web",
 *   redirectUri: "/",
 *   grant: (parts) => new RefreshGrant(new AuthorizationCodeGrant(parts.server), parts),
 * });
 */
export class AuthorizationCodeGrant implements Grant {
  readonly isSilent = false;
  readonly #server: Pick<AuthorizationServer, "authorize" | "exchange">;

  constructor(server: Pick<AuthorizationServer, "authorize" | "exchange">) {
    this.#server = server;
  }

  /**
   * @throws NoTokenError the request has no `roundTrip` and no `response`, or no automatic login is allowed to start now
   * @throws CancelledError the user closed the login window
   * @throws TimeoutError no authorization response arrived in time
   * @throws AuthorizationError the server returned an error in place of a code
   * @throws InvalidResponseError the response belongs to no pending request of this client
   * @throws RequestTokenError the server refused the code, or its token response is malformed
   * @throws IdTokenError the ID token is missing or invalid
   * @throws NetworkError the server did not respond
   */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { roundTrip, response, signal } = request;
    if (response !== undefined) return this.#server.exchange(response, signal);
    if (!roundTrip)
      throw new NoTokenError(
        "only a login can get a token, and this request is not allowed to start a login",
      );
    roundTrip.assertMayNavigate?.();
    const { redirectUri, prompt = request.prompt } = roundTrip;
    const asked = { ...request, redirectUri, ...(prompt && { prompt }) };
    const url = await this.#server.authorize(asked, signal);
    signal?.throwIfAborted();
    return this.#server.exchange(await abortable(roundTrip.navigate(url), signal), signal);
  }
}
