import type { AsyncDispose } from "../core/async-dispose.ts";
import type { TokenManager } from "../service/token-manager.ts";

/**
 * A client that gets access tokens on a server, in a terminal or in another trusted runtime. `createClient()` creates a
 * `Client`. At the end of a block, `await using client = createClient(…)` waits until running token requests have ended and their
 * tokens are stored. If tokens still cannot be stored then, it rejects with a `StorageError`.
 */
export interface Client extends AsyncDispose {
  /**
   * Returns a valid access token. Concurrent calls share one request. Rejects with the same errors as
   * `TokenManager.getToken()`.
   * @throws RequestTokenError the server refused the request, or its response is malformed
   * @throws NetworkError no response came
   * @example
   * const headersFor = async (client: Client) => {
   *   const token = await client.getToken({ scope: ["invoices:read"] });
   *   return { authorization: `Bearer ${token}` };
   * };
   */
  readonly getToken: TokenManager["getToken"];
  /**
   * Returns the token that `getToken()` returns, together with its type, its expiry, its scope, and in `extra` the other members
   * of the server's response. The result never contains the refresh token. Rejects with the same errors as `getToken()`.
   * @throws RequestTokenError the server refused the request, or its response is malformed
   * @throws NetworkError no response came
   * @example
   * const authorizationOf = async (client: Client) => {
   *   const { tokenType, accessToken } = await client.getTokenSet();
   *   return `${tokenType} ${accessToken}`;
   * };
   */
  readonly getTokenSet: TokenManager["getTokenSet"];
  /**
   * Returns an access token that is newer than the stored token. Rejects with the same errors as `getToken()`.
   * @throws RequestTokenError the server refused the request, or its response is malformed
   * @throws NetworkError no response came
   * @example
   * const renew = (client: Client) => client.forceRefresh();
   */
  readonly forceRefresh: TokenManager["forceRefresh"];
  /**
   * Deletes the stored access token, so that the next call of `getToken()` requests another token.
   * @throws StorageError the token could not be deleted
   * @example
   * const reset = (client: Client) => client.invalidateToken({ refreshToken: "forget" });
   */
  readonly invalidateToken: TokenManager["invalidateToken"];
  /**
   * Sends a request, and returns the response. If `allow` includes the URL and `exclude` does not, the request contains an
   * access token. If `getToken()` or the global `fetch` rejects, this method rejects with the same error.
   * @throws ConfigurationError `allow` is missing
   * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
   * @example
   * const readInvoices = async (client: Client): Promise<unknown> => {
   *   const response = await client.fetch("https://api.example.com/invoices");
   *   return response.json();
   * };
   */
  readonly fetch: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
}
