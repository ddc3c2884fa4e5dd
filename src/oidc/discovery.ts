import { isTemporary } from "../core/server-responses.ts";
import { parseObject } from "../core/shape.ts";
import { request, type HttpOptions } from "./token/form-request.ts";
import type { OptionalEndpoint, ServerMetadata } from "../core/authorization-server.ts";
import { ConfigurationError, NetworkError } from "../core/errors.ts";
import { DiscoveryError } from "../core/protocol-errors.ts";
import { isEndpoint } from "../core/same-origin.ts";

const HINT =
  "Compare `issuer` with the document that the server publishes under /.well-known/openid-configuration or /.well-known/oauth-authorization-server. If the server publishes none, set `endpoints`.";

const REQUIRED = ["authorizationEndpoint", "tokenEndpoint"] as const;
const OPTIONAL = [
  "jwksUri",
  "revocationEndpoint",
  "endSessionEndpoint",
  "userinfoEndpoint",
  "deviceAuthorizationEndpoint",
] as const;
/** The path of a metadata document, which follows the issuer. */
export const METADATA_PATH = "/.well-known/openid-configuration";
/** The path of an OAuth metadata document. The path of the issuer follows this path. */
export const OAUTH_METADATA_PATH = "/.well-known/oauth-authorization-server";

/**
 * The URLs at which an issuer can publish its metadata document: the location of OpenID Connect, and then the location of OAuth,
 * where the path of the issuer comes last.
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 * @see https://www.rfc-editor.org/rfc/rfc8414#section-3
 */
export function metadataUrls(issuer: string): readonly [string, string] {
  const base = issuer.replace(/\/$/, "");
  const { origin, pathname } = new URL(issuer);
  return [base + METADATA_PATH, origin + OAUTH_METADATA_PATH + pathname.replace(/\/$/, "")];
}

/**
 * Fetches the issuer's metadata document. If the document of OpenID Connect is missing, fetches the document of OAuth. Returns
 * the document without validation.
 * @throws ConfigurationError `issuer` is not an https URL, or has a query or fragment
 * @throws DiscoveryError the server did not send a JSON object
 * @throws NetworkError no response in time
 */
export async function fetchMetadata(
  issuer: string,
  options: HttpOptions,
): Promise<Readonly<Record<string, unknown>>> {
  if (!isEndpoint(issuer) || /[?#]/.test(issuer)) {
    throw new ConfigurationError(
      "issuer",
      `"${issuer}" is not an https URL, or it has a query or a fragment`,
      "Set it to the issuer that the server publishes in its metadata.",
    );
  }
  const [url, oauthUrl] = metadataUrls(issuer);
  try {
    return await fetchDocument(url, options);
  } catch (reason) {
    if (!isMissing(reason)) throw reason;
    return await fetchDocument(oauthUrl, options).catch((error: unknown) => {
      throw isMissing(error) ? reason : error;
    });
  }
}

/** Whether a metadata request failed because the server has no document at the URL, as far as this page can tell. */
function isMissing(error: unknown): boolean {
  return error instanceof DiscoveryError && (error.status === undefined || !error.retryable);
}

async function fetchDocument(
  url: string,
  options: HttpOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const { status, text } = await request(
    "metadata",
    url,
    // With `no-cache`, the browser asks the server whether the document in the HTTP cache is still up to date.
    { cache: "no-cache", headers: { Accept: "application/json" } },
    options,
  ).catch((error: unknown) => {
    throw error instanceof NetworkError && error.isWithheld ? unreadable(url) : error;
  });
  if (status !== 200)
    throw failure(`the metadata request to ${url} failed with status ${status}`, status);
  const document = parseObject(text);
  if (!document) throw failure(`the metadata at ${url} is not a JSON object`, status);
  return document;
}

/**
 * Validates a metadata document of `issuer`. Returns the members that Latchkey uses. An optional endpoint whose URL is not valid
 * is left out, and `malformed` has its name.
 * @throws DiscoveryError a required endpoint is missing or not valid, or the document has another `issuer`
 * @see https://www.rfc-editor.org/rfc/rfc8414#section-3.3
 */
export function parseMetadata(document: unknown, issuer: string): ServerMetadata {
  const members = (document ?? {}) as Readonly<Record<string, unknown>>;
  if (members["issuer"] !== issuer)
    throw failure(`the issuer in the metadata is not ${issuer}`, 200);

  const required = REQUIRED.map((name) => {
    const url = members[documentName(name)] ?? undefined;
    if (url === undefined)
      throw failure(`the metadata of ${issuer} has no ${documentName(name)}`, 200);
    if (!isEndpoint(url)) throw malformedEndpoint(name, issuer);
    return [name, url];
  });
  const given = OPTIONAL.flatMap((name) => {
    const url = members[documentName(name)] ?? undefined;
    return url === undefined ? [] : [[name, url] as const];
  });
  const malformed = given.flatMap(([name, url]) => (isEndpoint(url) ? [] : name));
  const algorithms = members["id_token_signing_alg_values_supported"];
  const prompts = members["prompt_values_supported"];
  return {
    issuer,
    ...(Object.fromEntries([...required, ...given.filter(([, url]) => isEndpoint(url))]) as Pick<
      ServerMetadata,
      (typeof REQUIRED)[number] | OptionalEndpoint
    >),
    ...(malformed.length > 0 && { malformed }),
    ...(Array.isArray(algorithms) && { idTokenSigningAlgValuesSupported: algorithms.map(String) }),
    ...(Array.isArray(prompts) && { promptValuesSupported: prompts.map(String) }),
    authorizationResponseIssParameterSupported:
      members["authorization_response_iss_parameter_supported"] === true,
  };
}

/**
 * Returns the URL of an optional endpoint. Returns undefined if the server has no such endpoint.
 * @throws DiscoveryError the URL in the metadata document is not valid
 */
export function optionalEndpoint(
  metadata: ServerMetadata,
  name: OptionalEndpoint,
): string | undefined {
  const url = metadata[name];
  if (url === undefined && metadata.malformed?.includes(name))
    throw malformedEndpoint(name, metadata.issuer);
  return url;
}

function malformedEndpoint(name: string, issuer: string): DiscoveryError {
  return failure(`the ${documentName(name)} in the metadata of ${issuer} is not an https URL`, 200);
}

/** Returns the name of an endpoint in a metadata document. The document has names in snake case, such as `token_endpoint`. */
export function documentName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Returns the error for metadata that the browser withholds. A server's page for a wrong path often has no CORS headers. */
function unreadable(url: string): DiscoveryError {
  return new DiscoveryError(`the browser cannot read the metadata at ${url}`, {
    hint: "The server is reachable. Either the path of `issuer` is wrong, or the server does not allow this origin (CORS) there. Open the URL in a browser: it must show the metadata.",
    // A page of a gateway for a temporary failure often has no CORS headers either.
    retryable: true,
  });
}

function failure(message: string, status: number): DiscoveryError {
  return new DiscoveryError(message, {
    hint: HINT,
    status,
    retryable: isTemporary("metadata", { status }),
  });
}
