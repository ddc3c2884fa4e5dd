import type { Endpoints, ServerMetadata } from "../core/authorization-server.ts";
import { ConfigurationError } from "../core/errors.ts";
import { isEndpoint } from "../core/same-origin.ts";

const OPTIONAL = [
  "authorizationEndpoint",
  "jwksUri",
  "revocationEndpoint",
  "endSessionEndpoint",
  "userinfoEndpoint",
  "deviceAuthorizationEndpoint",
] as const;

/**
 * Returns the metadata of a server whose endpoints are set in the app's configuration.
 * @throws ConfigurationError the token endpoint is missing, or an endpoint is not valid; `input` of the error is the option's
 * name
 */
export function metadataOf(issuer: string, endpoints: Endpoints): ServerMetadata {
  checkEndpoint("endpoints.tokenEndpoint", endpoints.tokenEndpoint);
  for (const name of OPTIONAL) {
    if (endpoints[name] !== undefined) checkEndpoint(`endpoints.${name}`, endpoints[name]);
  }
  return { ...endpoints, issuer };
}

/**
 * Checks the URL of an endpoint. `input` is the name of the option with this URL, for the error message.
 * @throws ConfigurationError `url` is missing, is not an https URL, or has a fragment
 */
export function checkEndpoint(input: string, url: unknown): void {
  if (isEndpoint(url)) return;
  throw new ConfigurationError(
    input,
    url === undefined ? "it is missing" : "it is not an https URL, or it has a fragment",
    "Set it to the absolute URL in the server's documentation.",
  );
}
