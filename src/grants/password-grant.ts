import { abortable } from "../core/abortable.ts";
import type { AuthorizationServer } from "../core/authorization-server.ts";
import { ConfigurationError, NoTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { TokenTarget } from "../core/token-target.ts";

/** A person's name and password at the server. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface PasswordConfig extends TokenTarget {
  /** Asks the person, each time a token is needed. What it gives is sent and forgotten; what it throws, the caller gets. */
  readonly credentials: (options: { signal: AbortSignal | undefined }) => Promise<Credentials>;
  /** Where passwords are sent when that is not the server's token endpoint; absolute. */
  readonly tokenEndpoint?: string;
  /** More parameters that the server wants, by their names there. */
  readonly extraParameters?: Readonly<Record<string, string>>;
}

/**
 * Gives a person's password to the token endpoint. For intranets whose server knows nothing better: RFC 9700 forbids it, and
 * nobody can tell this dialog from a thief's. Keep it behind a `RefreshTokenGrant`, so that the person is asked once.
 * @see RFC 6749 section 4.3
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
   * @throws NoTokenError the person may not be asked: `prompt: "none"`
   * @throws RequestTokenError refused; a wrong password is the server's `invalid_grant`
   * @throws NetworkError no answer
   * @throws ConfigurationError `credentials` gave no name or no password
   */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { credentials, tokenEndpoint, extraParameters, ...config } = this.#config;
    const { scope = config.scope, resource = config.resource } = request;
    const { audience = config.audience, prompt, signal } = request;
    if (prompt === "none") throw new NoTokenError("a name and a password are needed");
    signal?.throwIfAborted();
    const { username, password } = await abortable(credentials({ signal }), signal);
    if (!username || !password) {
      throw new ConfigurationError(
        "credentials",
        `the ${username ? "password" : "username"} is empty`,
        "Give what the person typed, or reject when there is nothing to give.",
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
