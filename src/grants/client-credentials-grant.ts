import type { AuthorizationServer } from "../core/authorization-server.ts";
import { assertNotOwned } from "../core/owned-parameters.ts";
import { OWNED_BY_TOKEN_REQUESTS } from "../core/owned-token-parameters.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { TokenTarget } from "../core/token-target.ts";

/** The options of a `ClientCredentialsGrant`. `scope`, `resource` and `audience` are the default values of each request. */
export interface ClientCredentialsConfig extends TokenTarget {
  /** Additional parameters of the token request, by name. A parameter that the protocol sets causes a `ConfigurationError`. */
  readonly extraParameters?: Readonly<Record<string, string>>;
}

/**
 * Requests tokens for the client itself, without a user. Use this grant only on servers and in other trusted runtimes, because
 * a browser cannot keep a secret.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4
 * @example
 * const createReports = (clientSecret: string) =>
 *   createClient({
 *     issuer: "https://id.example.com",
 *     clientId: "reports",
 *     authentication: { method: "client_secret_basic", clientSecret },
 *     grant: (server) => new ClientCredentialsGrant(server, { scope: ["reports:read"] }),
 *   });
 */
export class ClientCredentialsGrant implements Grant {
  readonly owner = null;
  readonly #server: Pick<AuthorizationServer, "requestTokens">;
  readonly #config: ClientCredentialsConfig;

  /** @throws ConfigurationError `extraParameters` has a parameter that the protocol sets, such as `scope` */
  constructor(
    server: Pick<AuthorizationServer, "requestTokens">,
    config: ClientCredentialsConfig = {},
  ) {
    assertNotOwned("extraParameters", config.extraParameters, OWNED_BY_TOKEN_REQUESTS);
    this.#server = server;
    this.#config = config;
  }

  /**
   * @throws RequestTokenError the server refused the request, or its response is malformed
   * @throws NetworkError the server did not respond
   */
  requestToken(request: TokenRequest): Promise<TokenSet> {
    const { extraParameters, ...config } = this.#config;
    const { scope = config.scope, resource = config.resource } = request;
    const { audience = config.audience, signal } = request;
    return this.#server.requestTokens(
      {
        ...extraParameters,
        grant_type: "client_credentials",
        scope: scope?.join(" "),
        resource,
        audience,
      },
      { signal },
    );
  }
}
