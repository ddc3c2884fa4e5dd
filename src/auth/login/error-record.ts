import {
  type AuthError,
  InvalidResponseError,
  NetworkError,
  NoTokenError,
  RefreshTokenError,
  StorageError,
  TimeoutError,
  type AnyAuthError,
} from "../../core/errors.ts";
import type { ErrorRecord } from "../../core/login-marks.ts";
import {
  AuthorizationError,
  DiscoveryError,
  IdTokenError,
  RequestTokenError,
} from "../../core/protocol-errors.ts";
import { isObject } from "../../core/shape.ts";
import { UserFetchError } from "../../core/user-fetch-error.ts";

const CLASSES = {
  authorization: AuthorizationError,
  discovery: DiscoveryError,
  id_token: IdTokenError,
  invalid_response: InvalidResponseError,
  network: NetworkError,
  no_token: NoTokenError,
  refresh_token: RefreshTokenError,
  request_token: RequestTokenError,
  storage: StorageError,
  timeout: TimeoutError,
  user_fetch: UserFetchError,
} as const;

/** Returns the members of an error that a record can hold. The cause is left out, because only this page has the cause. */
export function recordOf(error: AuthError): ErrorRecord {
  const { cause: _, ...members } = error;
  return { ...members, message: error.message };
}

/** Returns the error of a record, or undefined if the record is damaged. */
export function errorOf(record: unknown): AnyAuthError | undefined {
  if (!isObject(record)) return undefined;
  const { code, message, hint } = record;
  if (typeof code !== "string" || !Object.hasOwn(CLASSES, code)) return undefined;
  if (typeof message !== "string" || typeof hint !== "string") return undefined;
  const { prototype } = CLASSES[code as keyof typeof CLASSES];
  const error = Object.create(prototype) as AnyAuthError;
  const hidden = { value: message, writable: true, configurable: true };
  return Object.defineProperty(Object.assign(error, record), "message", {
    ...hidden,
    enumerable: false,
  });
}
