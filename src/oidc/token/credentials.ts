import type { ClientAuthentication } from "../../core/client-authentication.ts";
import type { Clock } from "../../core/ports.ts";

/** What one request carries to say whose it is. */
export interface Credentials {
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** To be taken out of what a server repeats. */
  readonly secrets?: readonly string[];
}

/** Where the requests of a client with a secret get their credentials from. What must not serve twice does not. */
export interface CredentialsSource {
  /** For one request. */
  get(): Promise<Credentials>;
  /** Has some ready for `take`. */
  prepare(): Promise<void>;
  /** What was prepared; undefined when it is used up or too old. */
  take(): Credentials | undefined;
}

export interface ClientIdentity {
  readonly issuer: string;
  readonly clientId: string;
  /** `none` when not given. */
  readonly authentication?: ClientAuthentication;
  readonly clock: Clock;
}

/** Of a client without a secret. @see RFC 6749 section 3.2.1 */
export function publicCredentials(clientId: string): Credentials {
  return { parameters: { client_id: clientId } };
}
