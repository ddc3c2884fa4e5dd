import type { ServerMetadata } from "../core/authorization-server.ts";
import type { Endpoints } from "../core/endpoints.ts";
import { ConfigurationError } from "../core/errors.ts";
import { isEndpoint } from "../core/same-origin.ts";
import { documentName } from "./discovery.ts";

/** The members of `Endpoints` that are URLs. */
const URLS = [
  "authorizationEndpoint",
  "tokenEndpoint",
  "jwksUri",
  "revocationEndpoint",
  "endSessionEndpoint",
  "userinfoEndpoint",
  "deviceAuthorizationEndpoint",
] as const;

/**
 * Returns the metadata of a server whose endpoints are all set in the app's configuration.
 * @throws ConfigurationError the token endpoint is missing, or an endpoint is not valid; `input` of the error is the option's
 * name
 */
export function metadataOf(issuer: string, endpoints: Endpoints): ServerMetadata {
  checkEndpoint("endpoints.tokenEndpoint", endpoints.tokenEndpoint);
  checkUrls(endpoints);
  return { ...endpoints, issuer, tokenEndpoint: endpoints.tokenEndpoint };
}

/**
 * Returns the configured endpoints under the names that a metadata document has, such as `token_endpoint`.
 * @throws ConfigurationError an endpoint is not valid; `input` of the error is the option's name
 * @see https://www.rfc-editor.org/rfc/rfc8414#section-2
 */
export function documentMembers(endpoints: Endpoints): Readonly<Record<string, unknown>> {
  checkUrls(endpoints);
  const given = Object.entries(endpoints).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [documentName(name), value]));
}

function checkUrls(endpoints: Endpoints): void {
  for (const name of URLS) {
    if (endpoints[name] !== undefined) checkEndpoint(`endpoints.${name}`, endpoints[name]);
  }
}

/**
 * Checks the URL of an endpoint. `input` is the name of the option with this URL, for the error message.
 * @throws ConfigurationError `url` is missing, is not an https URL, or has a fragment
 */
export function checkEndpoint(input: string, url: unknown): asserts url is string {
  if (isEndpoint(url)) return;
  throw new ConfigurationError(
    input,
    url === undefined ? "it is missing" : "it is not an https URL, or it has a fragment",
    "Set it to the absolute URL in the server's documentation.",
  );
}
