import type { Clock } from "../../core/ports.ts";
import type { Credentials } from "./credentials.ts";
import { request, type HttpResponse, type HttpOptions } from "./http.ts";

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
  /** Parameter values that are redacted in the server's response. */
  readonly secrets: readonly string[];
  readonly credentials: Credentials;
}

/** Sends a form in a POST request. Calls `fetch` before the first `await`. @throws NetworkError no complete response in time */
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
