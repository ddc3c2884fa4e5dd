import type { AuthorizationServer } from "../core/authorization-server.ts";
import { RequestTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { subjectOwner } from "./subject-owner.ts";

/** By the last part of its URN, or any other type as a whole URI. @see RFC 8693 section 3 */
export type TokenTypeIdentifier =
  | "access_token"
  | "id_token"
  | "refresh_token"
  | "jwt"
  | `${string}:${string}`;

export interface TokenExchangeConfig {
  /** Which of the inner grant's tokens is exchanged: `id_token` and `refresh_token` are what they say, everything else is the access token. */
  readonly subjectTokenType?: TokenTypeIdentifier;
  /** What is wanted; the server decides between an access token and a JWT when it is not given. */
  readonly requestedTokenType?: "access_token" | "jwt";
  /** Where the new token is to be used, and for what, unless the request says it. */
  readonly audience?: string;
  readonly resource?: string;
  readonly scope?: readonly string[];
  /** Gets the token of who acts for the subject. */
  readonly actor?: Grant;
  readonly actorTokenType?: TokenTypeIdentifier;
  /** Another token endpoint than the server's own. */
  readonly tokenEndpoint?: string;
}

const URN = "urn:ietf:params:oauth:token-type:";

/** Exchanges the inner grant's token for one that is good elsewhere, for the same person. @see RFC 8693 */
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

  /** @throws RequestTokenError the exchange was refused, or the inner grant has no token of this type */
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

/** What is wanted, and held, is the exchanged token; a login stays as it is. */
function subjectRequest(request: TokenRequest): TokenRequest {
  if (request.roundTrip || request.response !== undefined) return request;
  const { tokens: _, scope: __, resource: ___, audience: ____, ...rest } = request;
  return rest;
}

/** The actor is not the person; but when nobody may be asked, it may not be either. */
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
  throw new RequestTokenError(`there is no ${type} to exchange`, {
    hint: "The grant inside must give one; a stored session keeps its ID token and refresh token to itself.",
  });
}

/** @see RFC 8693 section 2.2.1 */
function checkIssued({ issuedTokenType }: TokenSet, requested: "access_token" | "jwt" | undefined) {
  const usable = requested ? [requested] : ["access_token", "jwt"];
  if (usable.some((type) => issuedTokenType === URN + type)) return;
  throw new RequestTokenError(
    `the token endpoint issued ${issuedTokenType === undefined ? "a token of no type" : "a token of another type"}`,
    {
      hint: `The answer's issued_token_type must be ${usable.map((type) => URN + type).join(" or ")}.`,
    },
  );
}

function toUri(type: TokenTypeIdentifier): string {
  return type.includes(":") ? type : URN + type;
}
