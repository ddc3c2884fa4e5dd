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
 * Returns configured endpoints as metadata.
 * @throws ConfigurationError an endpoint is not an https URL; `input` names the first such endpoint
 */
export function metadataOf(issuer: string, endpoints: Endpoints): ServerMetadata {
  checkEndpoint("endpoints.tokenEndpoint", endpoints.tokenEndpoint);
  for (const name of OPTIONAL) {
    if (endpoints[name] !== undefined) checkEndpoint(`endpoints.${name}`, endpoints[name]);
  }
  return { ...endpoints, issuer };
}

/**
 * Checks the URL of an endpoint. The error has `input` as its name.
 * @throws ConfigurationError `url` may not receive secrets: it is not https, or has a fragment
 */
export function checkEndpoint(input: string, url: unknown): void {
  if (isEndpoint(url)) return;
  throw new ConfigurationError(
    input,
    url === undefined ? "it is missing" : "not an https URL without a fragment",
    "Set it to the absolute URL in the server's documentation.",
  );
}
