import type { AuthorizationServer } from "../core/authorization-server.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { TokenTarget } from "../core/token-target.ts";

/** What is asked for when the request does not say otherwise. */
export interface ClientCredentialsConfig extends TokenTarget {
  /** More parameters that the server wants, by their names there. */
  readonly extraParameters?: Readonly<Record<string, string>>;
}

/**
 * Tokens for the client itself, of whom no person knows. For servers and other trusted runtimes: a browser keeps no secret.
 * How the client proves who it is, is the engine's `authentication`. @see RFC 6749 section 4.4
 */
export class ClientCredentialsGrant implements Grant {
  readonly owner = null;
  readonly #server: Pick<AuthorizationServer, "requestTokens">;
  readonly #config: ClientCredentialsConfig;

  constructor(
    server: Pick<AuthorizationServer, "requestTokens">,
    config: ClientCredentialsConfig = {},
  ) {
    this.#server = server;
    this.#config = config;
  }

  /**
   * @throws RequestTokenError refused, with the server's `error`
   * @throws NetworkError no answer
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
