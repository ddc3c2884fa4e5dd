import type { Endpoints, ServerMetadata } from "../core/authorization-server.ts";
import { ConfigurationError } from "../core/errors.ts";
import { parseUrl } from "../core/same-origin.ts";
import { isSecureUrl } from "../core/secure-url.ts";

const OPTIONAL = [
  "authorizationEndpoint",
  "jwksUri",
  "revocationEndpoint",
  "endSessionEndpoint",
  "userinfoEndpoint",
  "deviceAuthorizationEndpoint",
] as const;

/** The metadata of a server that is asked for none. @throws ConfigurationError the first endpoint that cannot be one, by name */
export function metadataOf(issuer: string, endpoints: Endpoints): ServerMetadata {
  checkEndpoint("endpoints.tokenEndpoint", endpoints.tokenEndpoint);
  for (const name of OPTIONAL) {
    if (endpoints[name] !== undefined) checkEndpoint(`endpoints.${name}`, endpoints[name]);
  }
  return { ...endpoints, issuer };
}

/** @throws ConfigurationError nothing secret may be sent to this URL */
export function checkEndpoint(input: string, url: unknown): void {
  const parsed = typeof url === "string" ? parseUrl(url) : undefined;
  if (parsed && parsed.hash === "" && isSecureUrl(parsed)) return;
  throw new ConfigurationError(
    input,
    url === undefined ? "it is missing" : "not an https URL without a fragment",
    "Give the endpoint's absolute URL as the server's documentation has it.",
  );
}
