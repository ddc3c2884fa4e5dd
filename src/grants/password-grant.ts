import { abortable } from "../core/abortable.ts";
import type { AuthorizationServer } from "../core/authorization-server.ts";
import { ConfigurationError, NoTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { TokenTarget } from "../core/token-target.ts";

/** A user's name and password at the server. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The options of a `PasswordGrant`. `scope`, `resource` and `audience` apply to each request that does not set them. */
export interface PasswordConfig extends TokenTarget {
  /**
   * Asks the user for the credentials. The grant calls this function for each token request, sends the credentials to the
   * server, and does not store them. When this function rejects, `requestToken()` rejects with the same error.
   */
  readonly credentials: (options: { signal: AbortSignal | undefined }) => Promise<Credentials>;
  /** The absolute URL that passwords are sent to. Default: the server's token endpoint. */
  readonly tokenEndpoint?: string;
  /** Additional parameters of the token request, by name. */
  readonly extraParameters?: Readonly<Record<string, string>>;
}

/**
 * Sends a user's password to the token endpoint. Use this grant only in intranets whose server supports no better grant. RFC
 * 9700 forbids this grant, and a user cannot distinguish the app's password dialog from a phishing dialog. Wrap this grant in a
 * `RefreshTokenGrant`, as `createClient()` does, so that the user is asked only once.
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

  constructor(server: Pick<AuthorizationServer, "requestTokens">, config: PasswordConfig) {
    this.#server = server;
    this.#config = config;
  }

  /**
   * @throws NoTokenError the request has `prompt: "none"`, so the user must not be asked
   * @throws RequestTokenError the server refused the request; `error` is `invalid_grant` after a wrong password
   * @throws NetworkError no response came
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
