import type { Prompt } from "../core/authorization-parameters.ts";
import type { TokenContext } from "../core/token-context.ts";
import type { Want } from "../core/want.ts";

export interface ServiceTokenOptions extends Want {
  /** `reload`: a token newer than the stored one. */
  readonly cache?: "default" | "reload";
  /** With `reload`: the token that an API refused. Another one that is stored by now is newer. */
  readonly refused?: string;
  /** `none`: a provider that needs a person rejects with a NoTokenError. */
  readonly prompt?: Prompt;
  /** For grants of the provider. A call with a context joins no other call's request. */
  readonly context?: TokenContext;
  readonly signal?: AbortSignal;
}

export interface ForceRefreshOptions extends Omit<ServiceTokenOptions, "cache"> {
  /** `fetch`: from the beginning, without the stored refresh token. `refresh` when not given. */
  readonly mode?: "refresh" | "fetch";
}

export interface InvalidateTokenOptions extends Want {
  /** `forget`: of the refresh token, too; it is not revoked. `keep` when not given. */
  readonly refreshToken?: "keep" | "forget";
  readonly signal?: AbortSignal;
}
