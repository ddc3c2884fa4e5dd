import type { ClientAuthentication } from "../../core/client-authentication.ts";
import type { Clock } from "../../core/ports.ts";

/** The parameters and headers that identify and authenticate the client in one request. */
export interface Credentials {
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Values that are redacted wherever the server's response repeats them. */
  readonly secrets?: readonly string[];
}

/**
 * Supplies the credentials of a client with a secret or a key. If the server accepts credentials only once, the source also
 * returns them only once.
 */
export interface CredentialsSource {
  /** Returns the client's credentials for one request. */
  get(): Promise<Credentials>;
  /** Prepares credentials, so that the next `take()` returns them. */
  prepare(): Promise<void>;
  /**
   * Returns prepared credentials without waiting. Returns undefined when no credentials are prepared, or when the prepared
   * credentials are too old.
   */
  take(): Credentials | undefined;
}

/** The client as it is registered at the server. */
export interface ClientIdentity {
  readonly issuer: string;
  readonly clientId: string;
  /** The method by which the client authenticates to the server. Default: `none`, for a public client. */
  readonly authentication?: ClientAuthentication;
  readonly clock: Clock;
}

/** Returns the credentials of a client without a secret. @see https://www.rfc-editor.org/rfc/rfc6749#section-3.2.1 */
export function publicCredentials(clientId: string): Credentials {
  return { parameters: { client_id: clientId } };
}
