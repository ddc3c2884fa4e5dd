import type { ServerMetadata } from "../core/authorization-server.ts";
import { ConfigurationError, DiscoveryError } from "../core/errors.ts";
import { parseUrl } from "../core/same-origin.ts";
import { isSecureUrl } from "../core/secure-url.ts";
import { isTemporary } from "../core/server-responses.ts";
import { parseObject } from "./encoding.ts";
import { request, type HttpOptions } from "./http.ts";

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
 * @see OpenID Connect Discovery 1.0 section 4
 * @see RFC 8414 section 3.3
 * @throws DiscoveryError no metadata, or not the metadata of this issuer
 * @throws NetworkError no answer in time
 */
export async function discover(issuer: string, options: HttpOptions): Promise<ServerMetadata> {
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
    { headers: { Accept: "application/json" } },
    options,
  );
  const fail = (message: string) =>
    new DiscoveryError(message, {
      hint: HINT,
      status,
      retryable: isTemporary("metadata", { status }),
    });
  if (status !== 200) throw fail(`the server answered ${status}`);
  const document = parseObject(text);
  if (!document) throw fail("the metadata is not a JSON object");
  if (document["issuer"] !== issuer) throw fail("the metadata is of another issuer");

  const endpoint = (name: string): string | undefined => {
    const url = document[name] ?? undefined;
    if (url !== undefined && !isEndpoint(url)) throw fail(`${name} is not an https URL`);
    if (url === undefined && REQUIRED.includes(name)) throw fail(`${name} is missing`);
    return url;
  };
  const algorithms = document["id_token_signing_alg_values_supported"];
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
      document["authorization_response_iss_parameter_supported"] === true,
  };
}

/** Whether secrets and people may be sent there; a fragment is never allowed. */
function isEndpoint(url: unknown): url is string {
  const parsed = typeof url === "string" ? parseUrl(url) : undefined;
  return parsed !== undefined && parsed.hash === "" && isSecureUrl(parsed);
}
