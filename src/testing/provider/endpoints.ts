/** The endpoints of a `FakeProvider`, by the names that `failNext()` takes. */
export type FakeEndpoint =
  | "metadata"
  | "keys"
  | "authorization"
  | "token"
  | "userinfo"
  | "device"
  | "verification"
  | "revocation"
  | "endSession";

/** The path below the issuer, and the methods of each endpoint. */
const ENDPOINTS: Readonly<Record<FakeEndpoint, { path: string; methods: readonly string[] }>> = {
  metadata: { path: "/.well-known/openid-configuration", methods: ["GET"] },
  keys: { path: "/jwks", methods: ["GET"] },
  authorization: { path: "/authorize", methods: ["GET", "POST"] },
  token: { path: "/token", methods: ["POST"] },
  userinfo: { path: "/userinfo", methods: ["GET", "POST"] },
  device: { path: "/device_authorization", methods: ["POST"] },
  verification: { path: "/device", methods: ["GET"] },
  revocation: { path: "/revoke", methods: ["POST"] },
  endSession: { path: "/logout", methods: ["GET", "POST"] },
};

export const ENDPOINT_NAMES: readonly FakeEndpoint[] = Object.keys(ENDPOINTS) as FakeEndpoint[];

/** The grant types of the token endpoint. */
export const GRANT_TYPES = {
  code: "authorization_code",
  refresh: "refresh_token",
  device: "urn:ietf:params:oauth:grant-type:device_code",
  client: "client_credentials",
} as const;

/** Returns the URL of an endpoint. */
export function urlOf(issuer: string, endpoint: FakeEndpoint): string {
  return issuer.replace(/\/$/, "") + ENDPOINTS[endpoint].path;
}

/** Returns the endpoint for a request, or undefined if there is none. */
export function endpointOf(issuer: string, request: Request): FakeEndpoint | undefined {
  const name = endpointAt(issuer, request.url);
  return name && ENDPOINTS[name].methods.includes(request.method) ? name : undefined;
}

/** Returns the methods of the endpoint at `url`. The list is empty if there is no endpoint. */
export function methodsAt(issuer: string, url: string): readonly string[] {
  const name = endpointAt(issuer, url);
  return name ? ENDPOINTS[name].methods : [];
}

/** Compares parsed URLs: the issuer can be written as `https://ID.example.com:443`. */
function endpointAt(issuer: string, url: string): FakeEndpoint | undefined {
  const place = url.split(/[?#]/)[0]!;
  return ENDPOINT_NAMES.find((name) => new URL(urlOf(issuer, name)).href === place);
}

/** Returns a text that lists all endpoints, such as `POST /token`. */
export function endpointList(): string {
  return Object.values(ENDPOINTS)
    .map(({ path, methods }) => `${methods.join(" or ")} ${path}`)
    .join(", ");
}

/**
 * Returns the metadata document.
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
 */
export function metadataOf(issuer: string): Readonly<Record<string, unknown>> {
  return {
    issuer,
    authorization_endpoint: urlOf(issuer, "authorization"),
    token_endpoint: urlOf(issuer, "token"),
    jwks_uri: urlOf(issuer, "keys"),
    userinfo_endpoint: urlOf(issuer, "userinfo"),
    device_authorization_endpoint: urlOf(issuer, "device"),
    revocation_endpoint: urlOf(issuer, "revocation"),
    end_session_endpoint: urlOf(issuer, "endSession"),
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    grant_types_supported: Object.values(GRANT_TYPES),
    code_challenge_methods_supported: ["S256"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
    token_endpoint_auth_methods_supported: ["none", "client_secret_basic", "client_secret_post"],
    scopes_supported: ["openid", "profile", "email", "offline_access"],
    authorization_response_iss_parameter_supported: true,
  };
}
