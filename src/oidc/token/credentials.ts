import type { ClientAuthentication } from "../../core/client-authentication.ts";
import type { Clock } from "../../core/ports.ts";

/** The parameters and headers that identify and authenticate the client in one request. */
export interface Credentials {
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Values that are redacted in the server's responses. */
  readonly secrets?: readonly string[];
}

/** Supplies the credentials of a client with a secret or a key. Credentials that are valid once are supplied once. */
export interface CredentialsSource {
  /** Returns the credentials of one request. */
  get(): Promise<Credentials>;
  /** Prepares credentials for `take()`. */
  prepare(): Promise<void>;
  /** Returns prepared credentials without waiting. Undefined when there are none, or they are too old. */
  take(): Credentials | undefined;
}

/** The client as it is registered at the server. */
export interface ClientIdentity {
  readonly issuer: string;
  readonly clientId: string;
  /** Default: `none`. */
  readonly authentication?: ClientAuthentication;
  readonly clock: Clock;
}

/** Returns the credentials of a client without a secret. @see https://www.rfc-editor.org/rfc/rfc6749#section-3.2.1 */
export function publicCredentials(clientId: string): Credentials {
  return { parameters: { client_id: clientId } };
}
