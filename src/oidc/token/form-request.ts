import { request, type HttpResponse, type HttpOptions } from "./http.ts";
import type { ClientAuthentication } from "../../core/client-authentication.ts";
import type { Clock } from "../../core/ports.ts";

/** The clock and the HTTP options for requests to a server's endpoints. */
export interface TokenClient extends HttpOptions {
  readonly clock: Clock;
}

/** A form that is sent in one POST request. */
export interface FormRequest {
  /** The name of the endpoint, for error messages. */
  readonly name: string;
  readonly url: string;
  /** Undefined and empty values are not sent. A list is sent as repeated parameters. */
  readonly parameters: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Secret values in `parameters`. If the server's response repeats such a value, Latchkey redacts the value in the error. */
  readonly secrets: readonly string[];
  readonly credentials: Credentials;
}

/** Sends a form in a POST request. Calls `fetch` synchronously. @throws NetworkError no complete response in time */
export function postForm(form: FormRequest, http: HttpOptions): Promise<HttpResponse> {
  const { name, url, parameters, credentials } = form;
  const body = new URLSearchParams();
  for (const [key, value] of Object.entries({ ...parameters, ...credentials.parameters })) {
    for (const one of [value].flat()) if (one) body.append(key, one);
  }
  return request(
    name,
    url,
    {
      method: "POST",
      cache: "no-store",
      headers: {
        Accept: "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        ...credentials.headers,
      },
      body: body.toString(),
    },
    http,
  );
}

/** Encodes a value for `application/x-www-form-urlencoded`. @see https://www.rfc-editor.org/rfc/rfc6749#appendix-B */
export function formEncode(value: string): string {
  return new URLSearchParams([["", value]]).toString().slice(1);
}

/** The parameters and headers that identify and authenticate the client in one request. */
export interface Credentials {
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Secret values in these credentials. If the server's response repeats such a value, Latchkey redacts the value in the error.
   */
  readonly secrets?: readonly string[];
}

/**
 * Supplies the credentials of a client with a secret or a key. Each client assertion is supplied only once, because a server
 * accepts an assertion only once.
 */
export interface CredentialsSource {
  /** Returns the client's credentials for one request. */
  get(): Promise<Credentials>;
  /** Prepares credentials for the next `take()`. */
  prepare(): Promise<void>;
  /**
   * Returns prepared credentials without waiting. If no credentials are prepared, or if the prepared credentials expire soon,
   * returns undefined.
   */
  take(): Credentials | undefined;
}

/** The client's id and authentication method, as registered at the server. */
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
