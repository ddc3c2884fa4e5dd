import type { AuthorizationServer } from "../core/authorization-server.ts";
import { RequestTokenError } from "../core/protocol-errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { subjectOwner } from "./subject-owner.ts";

/**
 * The type of a token: a complete URI or a short name. The short name `jwt`, for example, stands for the URN
 * `urn:ietf:params:oauth:token-type:jwt`.
 * @see https://www.rfc-editor.org/rfc/rfc8693#section-3
 */
export type TokenTypeIdentifier =
  | "access_token"
  | "id_token"
  | "refresh_token"
  | "jwt"
  | `${string}:${string}`;

/** The options of a `TokenExchangeGrant`: which token the grant sends, and which token the grant requests. */
export interface TokenExchangeConfig {
  /**
   * The type of the inner grant's token that is exchanged. `id_token`: the ID token. `refresh_token`: the refresh token. Every
   * other type: the access token. Default: `access_token`.
   */
  readonly subjectTokenType?: TokenTypeIdentifier;
  /** The type of the new token. Default: the server decides between an access token and a JWT. */
  readonly requestedTokenType?: "access_token" | "jwt";
  /** The audience of the new token. A request can replace the configured `audience`, `resource` and `scope`. */
  readonly audience?: string;
  readonly resource?: string;
  readonly scope?: readonly string[];
  /**
   * The grant that returns the token of the actor. The actor is the party that acts for the user. Default: no actor.
   * @see https://www.rfc-editor.org/rfc/rfc8693#section-1.1
   */
  readonly actor?: Grant;
  /**
   * The type of the `actor` grant's token that is sent. `id_token`: the ID token. `refresh_token`: the refresh token. Every
   * other type: the access token. Default: `access_token`.
   */
  readonly actorTokenType?: TokenTypeIdentifier;
  /** The absolute URL of the token endpoint. Default: the server's token endpoint. */
  readonly tokenEndpoint?: string;
}

const URN = "urn:ietf:params:oauth:token-type:";

/**
 * Exchanges the inner grant's token for another token of the same user, for example for a token with another audience.
 * @see https://www.rfc-editor.org/rfc/rfc8693
 * @example
 * const createGrant = (server: AuthorizationServer) =>
 *   new TokenExchangeGrant(new AuthGrant(auth), server, { audience: "billing" });
 */
export class TokenExchangeGrant implements Grant {
  readonly #inner: Grant;
  readonly #server: Pick<AuthorizationServer, "requestTokens">;
  readonly #config: TokenExchangeConfig;

  constructor(
    inner: Grant,
    server: Pick<AuthorizationServer, "requestTokens">,
    config: TokenExchangeConfig = {},
  ) {
    this.#inner = inner;
    this.#server = server;
    this.#config = config;
  }

  get owner(): Grant["owner"] {
    return subjectOwner(this.#inner);
  }

  async removeUser(sub: string): Promise<void> {
    await this.#inner.removeUser?.(sub);
  }

  /**
   * Rejects with the errors below, and with each error of the inner grant and of the `actor`.
   * @throws RequestTokenError the server refused the exchange, or issued a token of an unexpected type. Also thrown when the
   * inner grant or the `actor` returned no token of the configured type
   * @throws NetworkError the server did not respond
   */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { subjectTokenType = "access_token", actorTokenType = "access_token" } = this.#config;
    const { requestedTokenType, actor, tokenEndpoint } = this.#config;
    const subject = await this.#inner.requestToken(subjectRequest(request));
    const actorTokens = await actor?.requestToken(actorRequest(request));
    const {
      resource = this.#config.resource,
      audience = this.#config.audience,
      scope = this.#config.scope,
      signal,
    } = request;
    const response = await this.#server.requestTokens(
      {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token: pick(subject, subjectTokenType),
        subject_token_type: toUri(subjectTokenType),
        ...(actorTokens && {
          actor_token: pick(actorTokens, actorTokenType),
          actor_token_type: toUri(actorTokenType),
        }),
        requested_token_type: requestedTokenType && toUri(requestedTokenType),
        resource,
        audience,
        scope: scope?.join(" "),
      },
      { tokenEndpoint, signal },
    );
    checkIssued(response, requestedTokenType);
    const { user = subject.user } = response;
    return user ? tokenSet({ ...response, user }) : response;
  }
}

/**
 * Returns the request for the inner grant. A login request stays unchanged. From every other request, the members that describe
 * the new token are removed.
 */
function subjectRequest(request: TokenRequest): TokenRequest {
  if (request.roundTrip || request.response !== undefined) return request;
  const { tokens: _, scope: __, resource: ___, audience: ____, ...rest } = request;
  return rest;
}

/**
 * Returns the request for the actor's token. The request omits the user and the login options, because the actor is not the
 * user who logs in.
 */
function actorRequest({ cache, prompt, context, signal }: TokenRequest): TokenRequest {
  return {
    ...(cache && { cache }),
    ...(prompt === "none" && { prompt }),
    ...(context && { context }),
    ...(signal && { signal }),
  };
}

function pick(tokens: TokenSet, type: TokenTypeIdentifier): string {
  const token =
    type === "id_token"
      ? tokens.idToken
      : type === "refresh_token"
        ? tokens.refreshToken
        : tokens.accessToken;
  if (token !== undefined) return token;
  throw new RequestTokenError(
    `the token exchange needs a token of the type ${type}, and the grant returned none`,
    {
      hint: "A stored session has only an access token. If you set another subjectTokenType, use an inner grant that returns a token of that type. If you set another actorTokenType, use an actor that returns a token of that type.",
    },
  );
}

/**
 * Throws if the server issued a token of an unexpected type.
 * @see https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1
 */
function checkIssued({ issuedTokenType }: TokenSet, requested: "access_token" | "jwt" | undefined) {
  const usable = requested ? [requested] : ["access_token", "jwt"];
  if (usable.some((type) => issuedTokenType === URN + type)) return;
  throw new RequestTokenError(
    `the token endpoint issued a token ${issuedTokenType === undefined ? "without issued_token_type" : "with an unexpected issued_token_type"}`,
    {
      hint: `The issued_token_type of the response must be ${usable.map((type) => URN + type).join(" or ")}.`,
    },
  );
}

function toUri(type: TokenTypeIdentifier): string {
  return type.includes(":") ? type : URN + type;
}
