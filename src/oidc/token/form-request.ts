import type { Clock } from "../../core/ports.ts";
import type { Credentials } from "./credentials.ts";
import { request, type HttpResponse, type HttpOptions } from "./http.ts";

/** The clock and the options of requests to a server's endpoints. */
export interface TokenClient extends HttpOptions {
  readonly clock: Clock;
}

/** A form for one POST request. */
export interface FormRequest {
  /** Name of the endpoint in error messages. */
  readonly name: string;
  readonly url: string;
  /** Undefined and empty values are not sent. A list is sent as repeated parameters. */
  readonly parameters: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Parameter values that are redacted in the server's response. */
  readonly secrets: readonly string[];
  readonly credentials: Credentials;
}

/** Sends a form. Calls `fetch` in the same task. @throws NetworkError no complete response in time */
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

/** Encodes a value as in a form. @see https://www.rfc-editor.org/rfc/rfc6749#appendix-B */
export function formEncode(value: string): string {
  return new URLSearchParams([["", value]]).toString().slice(1);
}
