export { createAuth } from "./create-auth.ts";
export type { CreateAuthConfig } from "./create-auth.ts";
export { AuthManager } from "./manager/auth-manager.ts";
export type { AuthManagerConfig } from "./manager/auth-manager.ts";
export type {
  Auth,
  AuthState,
  CallbackResult,
  GetTokenOptions,
  LoginOptions,
  SignOutOptions,
  TokenSummary,
} from "./core/auth.ts";
export type { User } from "./core/user.ts";
export type { Want } from "./core/want.ts";
export {
  AuthError,
  AuthorizationError,
  CancelledError,
  ConfigurationError,
  DiscoveryError,
  IdTokenError,
  InvalidResponseError,
  NetworkError,
  NoTokenError,
  RefreshTokenError,
  RequestTokenError,
  StorageError,
  TimeoutError,
} from "./core/errors.ts";
export type { AnyAuthError } from "./core/errors.ts";
