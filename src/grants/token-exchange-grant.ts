import type { AuthorizationServer } from "../core/authorization-server.ts";
import { RequestTokenError } from "../core/protocol-errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { subjectOwner } from "./subject-owner.ts";

/**
 * The type of a token: the last part of its URN, or any other type as a complete URI.
 * @see https://www.rfc-editor.org/rfc/rfc8693#section-3
 */
export type TokenTypeIdentifier =
  | "access_token"
  | "id_token"
  | "refresh_token"
  | "jwt"
  | `${string}:${string}`;

/** Which token a `TokenExchangeGrant` exchanges, and for which token. */
export interface TokenExchangeConfig {
  /**
   * The inner grant's token that is exchanged: the ID token for `id_token`, the refresh token for `refresh_token`, and the
   * access token for every other type. Default: `access_token`.
   */
  readonly subjectTokenType?: TokenTypeIdentifier;
  /** The type of the new token. Default: the server decides between an access token and a JWT. */
  readonly requestedTokenType?: "access_token" | "jwt";
  /** The new token's audience. A request may override it, as `resource` and `scope`. */
  readonly audience?: string;
  readonly resource?: string;
  readonly scope?: readonly string[];
  /**
   * Returns the token of the actor, which is the party that acts for the user.
   * @see https://www.rfc-editor.org/rfc/rfc8693#section-1.1
   */
  readonly actor?: Grant;
  /** The actor's token that is sent, selected as by `subjectTokenType`. Default: `access_token`. */
  readonly actorTokenType?: TokenTypeIdentifier;
  /** The absolute URL of the token endpoint. Default: the server's token endpoint. */
  readonly tokenEndpoint?: string;
}

const URN = "urn:ietf:params:oauth:token-type:";

/**
 * Exchanges the inner grant's token for a token with another target, for the same user.
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
   * Rejects as the inner grant and the `actor` do, too.
   * @throws RequestTokenError the server refused the exchange or issued another type, or the inner grant has no such token
   * @throws NetworkError no response came
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

/** Target and held tokens describe the exchanged token, so the inner request omits them. A login is passed on unchanged. */
function subjectRequest(request: TokenRequest): TokenRequest {
  if (request.roundTrip || request.response !== undefined) return request;
  const { tokens: _, scope: __, resource: ___, audience: ____, ...rest } = request;
  return rest;
}

/** The actor is not the request's user, so user and login options are omitted. `prompt: "none"` is passed on. */
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
  throw new RequestTokenError(`the inner grant returned no ${type} to exchange`, {
    hint: "Use an inner grant that returns this token. The grant of a stored session returns its access token only.",
  });
}

/** @see https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1 */
function checkIssued({ issuedTokenType }: TokenSet, requested: "access_token" | "jwt" | undefined) {
  const usable = requested ? [requested] : ["access_token", "jwt"];
  if (usable.some((type) => issuedTokenType === URN + type)) return;
  throw new RequestTokenError(
    `the token endpoint issued a token ${issuedTokenType === undefined ? "without issued_token_type" : "of another type than requested"}`,
    {
      hint: `The issued_token_type of the response must be ${usable.map((type) => URN + type).join(" or ")}.`,
    },
  );
}

function toUri(type: TokenTypeIdentifier): string {
  return type.includes(":") ? type : URN + type;
}
