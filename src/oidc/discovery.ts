import { isTemporary } from "../core/server-responses.ts";
import { parseObject } from "./encoding.ts";
import { request, type HttpOptions } from "./token/http.ts";
import type { ServerMetadata, Endpoints } from "../core/authorization-server.ts";
import { ConfigurationError, DiscoveryError } from "../core/errors.ts";
import { parseUrl, isSecureUrl } from "../core/same-origin.ts";

const HINT =
  "Compare `issuer` with what the server publishes under /.well-known/openid-configuration.";

/** In our words; the document has them in snake case. */
const ENDPOINTS = [
  "authorizationEndpoint",
  "tokenEndpoint",
  "jwksUri",
  "revocationEndpoint",
  "endSessionEndpoint",
  "userinfoEndpoint",
  "deviceAuthorizationEndpoint",
] as const;
const REQUIRED = ["authorization_endpoint", "token_endpoint"];

/**
 * The issuer's metadata document, as it was sent.
 * @see OpenID Connect Discovery 1.0 section 4
 * @throws DiscoveryError the server did not send a document
 * @throws NetworkError no answer in time
 */
export async function fetchMetadata(
  issuer: string,
  options: HttpOptions,
): Promise<Readonly<Record<string, unknown>>> {
  if (!isEndpoint(issuer) || /[?#]/.test(issuer)) {
    throw new ConfigurationError(
      "issuer",
      "not an https URL",
      "Give the issuer as the server publishes it.",
    );
  }
  const { status, text } = await request(
    "discovery",
    `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
    // The browser's cache may be older than what this browser has read.
    { cache: "no-cache", headers: { Accept: "application/json" } },
    options,
  );
  if (status !== 200) throw failure(`the server answered ${status}`, status);
  const document = parseObject(text);
  if (!document) throw failure("the metadata is not a JSON object", status);
  return document;
}

/**
 * The metadata of `issuer`, out of a document that nobody has validated.
 * @see RFC 8414 section 3.3
 * @throws DiscoveryError the document is malformed, or of another issuer
 */
export function parseMetadata(document: unknown, issuer: string): ServerMetadata {
  const members = (document ?? {}) as Readonly<Record<string, unknown>>;
  if (members["issuer"] !== issuer) throw failure("the metadata is of another issuer", 200);

  const endpoint = (name: string): string | undefined => {
    const url = members[name] ?? undefined;
    if (url !== undefined && !isEndpoint(url)) throw failure(`${name} is not an https URL`, 200);
    if (url === undefined && REQUIRED.includes(name)) throw failure(`${name} is missing`, 200);
    return url;
  };
  const algorithms = members["id_token_signing_alg_values_supported"];
  return {
    issuer,
    ...(Object.fromEntries(
      ENDPOINTS.flatMap((name) => {
        const url = endpoint(name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
        return url ? [[name, url]] : [];
      }),
    ) as Pick<ServerMetadata, (typeof ENDPOINTS)[number]>),
    ...(Array.isArray(algorithms) && { idTokenSigningAlgValuesSupported: algorithms.map(String) }),
    authorizationResponseIssParameterSupported:
      members["authorization_response_iss_parameter_supported"] === true,
  };
}

function failure(message: string, status: number): DiscoveryError {
  return new DiscoveryError(message, {
    hint: HINT,
    status,
    retryable: isTemporary("metadata", { status }),
  });
}

/** Whether secrets and people may be sent there; a fragment is never allowed. */
function isEndpoint(url: unknown): url is string {
  const parsed = typeof url === "string" ? parseUrl(url) : undefined;
  return parsed !== undefined && parsed.hash === "" && isSecureUrl(parsed);
}

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
