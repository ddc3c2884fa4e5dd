import { abortable } from "../core/abortable.ts";
import type { AuthorizationServer } from "../core/authorization-server.ts";
import { ConfigurationError, NoTokenError } from "../core/errors.ts";
import { assertNotOwned } from "../core/owned-parameters.ts";
import { OWNED_BY_TOKEN_REQUESTS } from "../core/owned-token-parameters.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { TokenTarget } from "../core/token-target.ts";

/** The user name and the password of a user. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The options of a `PasswordGrant`. `scope`, `resource` and `audience` are the default values of each request. */
export interface PasswordConfig extends TokenTarget {
  /**
   * Asks the user for the user name and the password. The grant calls this function for each request, and does not store the
   * password. If this function rejects, `requestToken()` rejects with the same error.
   */
  readonly credentials: (options: { signal: AbortSignal | undefined }) => Promise<Credentials>;
  /** The absolute URL to which the grant sends passwords. Default: the server's token endpoint. */
  readonly tokenEndpoint?: string;
  /** Additional parameters of the token request, by name. A parameter that the protocol sets causes a `ConfigurationError`. */
  readonly extraParameters?: Readonly<Record<string, string>>;
}

/**
 * Sends a user's password to the token endpoint. RFC 9700 forbids this grant, because the app sees the password. Use a
 * `PasswordGrant` only if the server supports no other grant. To ask the user less often, wrap the `PasswordGrant` in a
 * `RefreshTokenGrant`, as `createClient()` does.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.3
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-2.4
 * @example
 * const createIntranet = (clientSecret: string, credentials: () => Promise<Credentials>) =>
 *   createClient({
 *     issuer: "https://id.example.com",
 *     clientId: "intranet",
 *     authentication: { method: "client_secret_basic", clientSecret },
 *     grant: (server) => new PasswordGrant(server, { credentials }),
 *   });
 */
export class PasswordGrant implements Grant {
  readonly owner = null;
  readonly #server: Pick<AuthorizationServer, "requestTokens">;
  readonly #config: PasswordConfig;

  /** @throws ConfigurationError `extraParameters` has a parameter that the protocol sets, such as `scope` */
  constructor(server: Pick<AuthorizationServer, "requestTokens">, config: PasswordConfig) {
    assertNotOwned("extraParameters", config?.extraParameters, OWNED_BY_TOKEN_REQUESTS);
    this.#server = server;
    this.#config = config;
  }

  /**
   * @throws NoTokenError the request has `prompt: "none"`, so the user must not be asked
   * @throws RequestTokenError the server refused the request; `error` is `invalid_grant` after a wrong password
   * @throws NetworkError the server did not respond
   * @throws ConfigurationError `credentials` returned no username or no password
   */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { credentials, tokenEndpoint, extraParameters, ...config } = this.#config;
    const { scope = config.scope, resource = config.resource } = request;
    const { audience = config.audience, prompt, signal } = request;
    if (prompt === "none") {
      throw new NoTokenError('the user must enter a password, but the request has prompt: "none"');
    }
    signal?.throwIfAborted();
    const { username, password } = await abortable(credentials({ signal }), signal);
    if (!username || !password) {
      throw new ConfigurationError(
        "credentials",
        `the ${username ? "password" : "username"} is empty`,
        "Return the username and the password that the user entered. If the user cancels, reject.",
      );
    }
    return this.#server.requestTokens(
      {
        ...extraParameters,
        grant_type: "password",
        username,
        password,
        scope: scope?.join(" "),
        resource,
        audience,
      },
      { tokenEndpoint, signal },
    );
  }
}
