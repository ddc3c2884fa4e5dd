import type { ServerMetadata } from "./authorization-server.ts";
import type { ClientAuthentication } from "./client-authentication.ts";

/**
 * Members of the server's metadata that the app gives itself. Each member replaces the member of the metadata that the server
 * publishes.
 *
 * If `authorizationEndpoint` and `tokenEndpoint` are both given, Latchkey does not load the server's metadata. All other
 * endpoints then count as missing. Without `jwksUri`, Latchkey requests and expects no ID token, and a `UserFetcher` finds out
 * which user has logged in.
 */
export type Endpoints = Partial<Omit<ServerMetadata, "issuer" | "malformed">>;

/**
 * Whether `endpoints` replace the server's metadata as a whole, so that the metadata is not loaded. A client with
 * `authentication` has no users who visit the authorization endpoint, so `tokenEndpoint` is enough.
 */
export function replacesMetadata(
  endpoints: Endpoints | undefined,
  authentication?: ClientAuthentication,
): endpoints is Endpoints {
  const { authorizationEndpoint, tokenEndpoint } = endpoints ?? {};
  return tokenEndpoint !== undefined && (authorizationEndpoint ?? authentication) !== undefined;
}

/** Whether Latchkey can verify ID tokens of the server. If not, Latchkey requests no ID tokens. */
export function isOpenIdProvider(
  endpoints: Endpoints | undefined,
  authentication?: ClientAuthentication,
): boolean {
  return !replacesMetadata(endpoints, authentication) || endpoints.jwksUri !== undefined;
}
