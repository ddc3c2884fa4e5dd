import { ConfigurationError } from "../../core/errors.ts";
import { formEncode } from "./form-request.ts";

/**
 * Returns the value of the header `Authorization` for HTTP Basic authentication of a client. The id and the secret are encoded
 * as forms are, in UTF-8, so that colons and non-ASCII characters arrive unchanged. `createClient()` sends this header itself.
 * Use this function for endpoints that Latchkey does not call, such as token introspection.
 * @throws ConfigurationError the client id or the secret is missing
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
 * @example
 * const introspect = (token: string, clientSecret: string) =>
 *   fetch("https://id.example.com/introspect", {
 *     method: "POST",
 *     headers: { authorization: basicAuthorizationHeader("reports", clientSecret) },
 *     body: new URLSearchParams({ token }),
 *   });
 */
export function basicAuthorizationHeader(clientId: string, clientSecret: string): string {
  check("clientId", clientId);
  check("clientSecret", clientSecret);
  // A form-encoded value is ASCII, so `btoa` accepts the value.
  return `Basic ${btoa([clientId, clientSecret].map(formEncode).join(":"))}`;
}

function check(input: string, value: unknown): void {
  if (typeof value === "string" && value !== "") return;
  throw new ConfigurationError(
    input,
    "it is missing or not a string",
    "Give the client id and the client secret that the server has issued.",
  );
}
