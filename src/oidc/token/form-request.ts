import type { Clock } from "../../core/ports.ts";
import type { Credentials } from "./credentials.ts";
import { request, type HttpResponse, type HttpOptions } from "./http.ts";

/** The way to a server's endpoints. */
export interface TokenClient extends HttpOptions {
  readonly clock: Clock;
}

/** One POST of a form. */
export interface FormRequest {
  /** Of the endpoint, for messages. */
  readonly name: string;
  readonly url: string;
  /** What is undefined or empty is not sent; a list is sent as repeated parameters. */
  readonly parameters: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Which of the parameters' values are to be taken out of what the server repeats. */
  readonly secrets: readonly string[];
  readonly credentials: Credentials;
}

/** Calls `fetch` before it returns. @throws NetworkError no whole answer in time */
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

/** @see RFC 6749 appendix B */
export function formEncode(value: string): string {
  return new URLSearchParams([["", value]]).toString().slice(1);
}
