import type { AuthorizationRequest, ServerMetadata } from "../../core/authorization-server.ts";
import { ConfigurationError, type AuthError } from "../../core/errors.ts";
import { clientKey } from "../../core/keys.ts";
import { chunk } from "../../core/lazy.ts";
import type { Clock } from "../../core/ports.ts";
import type { RequestStore } from "../../core/request-store.ts";
import { clientTag } from "../../core/response-state.ts";
import { isSameOrigin, parseUrl } from "../../core/same-origin.ts";
import { base64url, randomToken } from "../encoding.ts";
import { errorOf, validateRequest, validateUrl, refusal } from "./validate-response.ts";
import {
  FLOW,
  type PendingRequest,
  type StoredRequest,
  type UncheckedRequest,
} from "./pending-request.ts";
import type * as Sweep from "./sweep-requests.ts";

/**
 * The maximum time that a login waits while old pending requests are deleted. After this time, the login continues.
 * Milliseconds.
 */
const SWEEP_MS = 1_000;

const loadSweep = (): Promise<typeof Sweep> => chunk(import("./sweep-requests.ts"));

/** The server and the client of an authorization request, and the store of pending requests. */
export interface AuthorizeOptions {
  readonly metadata: ServerMetadata;
  readonly clientId: string;
  /**
   * The store of pending requests. Other data must not be in this store, because `sweep()` deletes every entry that it cannot
   * read as a request.
   */
  readonly requests: RequestStore;
  readonly clock: Clock;
}

/** An authorization request whose `scope` includes the scopes that every login requests. */
export type ScopedRequest = AuthorizationRequest & {
  readonly scope: readonly string[];
  /** The scopes that the caller requested for this token target, without the scopes that every login requests. */
  readonly targetScope?: readonly string[] | undefined;
};

/** A pending request and the code that the server has returned for it. */
export type SettledRequest = PendingRequest & { readonly code: string };

/**
 * Stores a pending authorization request and returns its URL.
 * @throws ConfigurationError a URL of the request is not valid, the server has no authorization endpoint, or the page is not a
 * secure context
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1
 * @see https://www.rfc-editor.org/rfc/rfc7636#section-4.3
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
 */
export async function createAuthorizationUrl(
  request: ScopedRequest,
  options: AuthorizeOptions,
): Promise<string> {
  const { redirectUri, returnTo, user, scope, resource, audience, prompt, loginHint } = request;
  const { maxAge, acrValues } = request;
  if (!/^https?:/.test(parseUrl(redirectUri)?.href ?? "") || redirectUri.includes("#")) {
    throw new ConfigurationError(
      "redirectUri",
      `"${redirectUri}" is not an absolute http or https URL, or it has a fragment`,
      "Set it to the redirect URI that is registered at the server.",
    );
  }
  if (returnTo !== undefined && !isSameOrigin(returnTo, redirectUri)) {
    throw new ConfigurationError(
      "returnTo",
      "it is not a URL of the origin of `redirectUri`",
      "Set it to a path of this app, such as /orders.",
    );
  }
  const { issuer, authorizationEndpoint } = options.metadata;
  if (!authorizationEndpoint) {
    throw new ConfigurationError(
      "endpoints.authorizationEndpoint",
      "it is missing",
      "Set it to the URL in the server's documentation. Users cannot log in by redirect or popup without it.",
    );
  }
  const named = [resource ?? "", ...(request.resources ?? [])];
  const resources = [...new Set(named.filter((one) => one !== ""))];
  // RFC 7636 section 4.1 requires a code verifier of at least 43 characters. One random token has only 22 characters.
  const codeVerifier = randomToken() + randomToken();
  const data: PendingRequest = {
    flow: FLOW,
    issuer,
    clientId: options.clientId,
    redirectUri,
    scope,
    createdAt: options.clock.now(),
    nonce: randomToken(),
    codeVerifier,
    ...(returnTo !== undefined && { returnTo }),
    ...(request.targetScope?.length && { targetScope: request.targetScope }),
    ...(user !== undefined && { user }),
    ...(prompt && { prompt }),
    ...(resource && { resource }),
    ...(resources.length > 0 && { resources }),
    ...(audience && { audience }),
    ...(maxAge !== undefined && { maxAge }),
    ...(acrValues?.length && { acrValues }),
  };
  const codeChallenge = await challengeOf(codeVerifier);
  const [id, secret] = [randomToken(), randomToken()];
  await remember({ id, data, created: Math.floor(Date.now() / 1_000), url_state: secret }, options);

  const url = new URL(authorizationEndpoint);
  const parameters = {
    client_id: options.clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope: scope.join(" "),
    state: [clientTag(clientKey(issuer, options.clientId)), id, secret].join("."),
    // Only OpenID Connect defines `nonce`. A server without OpenID Connect might refuse the unknown parameter.
    nonce: scope.includes("openid") ? data.nonce : undefined,
    code_challenge: codeChallenge,
    code_challenge_method: "S256",
    audience,
    prompt,
    login_hint: loginHint,
    max_age: maxAge,
    acr_values: acrValues?.join(" "),
  };
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== "") url.searchParams.append(name, `${value}`);
  }
  // Each resource is sent as a separate `resource` parameter. @see https://www.rfc-editor.org/rfc/rfc8707#section-2
  for (const name of resources) url.searchParams.append("resource", name);
  return url.href;
}

/**
 * Validates an authorization response and removes its pending request. Returns the request and the code of the response. If two
 * callers pass the same response, one of them gets the request and the other call rejects.
 * @throws InvalidResponseError the response does not match a pending request of this client; all pending requests stay in the
 * store
 * @throws AuthorizationError the server refused the request; the pending request is removed
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
 */
export async function readAuthorizationResponse(
  url: string,
  options: AuthorizeOptions & { readonly lifetimeMs?: number },
): Promise<SettledRequest> {
  const { metadata, clientId } = options;
  const response = validateUrl(url, clientKey(metadata.issuer, clientId));
  const stored = parse(await options.requests.get(response.id));
  const request = validateRequest(response, stored, { ...options, now: options.clock.now() });
  if ((await options.requests.remove(response.id)) === null) throw unknownState();
  if (response.code === undefined) throw errorOf(response);
  return { ...request, code: response.code };
}

/** Stores a pending request, and deletes old requests that got no response. */
async function remember(request: StoredRequest, { requests, clock }: AuthorizeOptions) {
  await requests.set(request.id, JSON.stringify(request));
  const isAlone = (await requests.getAllKeys()).length === 1;
  // Each response removes its pending request, so this request is usually the only one in the store. There are then no old
  // requests to delete, and the code that deletes old requests is not loaded.
  if (isAlone) return;
  const swept = loadSweep().then(({ sweep }) => sweep(requests));
  await Promise.race([swept.catch(() => {}), clock.sleep(SWEEP_MS)]);
}

function parse(stored: string | null): UncheckedRequest {
  if (stored === null) throw unknownState();
  try {
    return (JSON.parse(stored) ?? {}) as UncheckedRequest;
  } catch {
    throw unknownState();
  }
}

function unknownState(): AuthError {
  return refusal("state", "this browser has no pending request with this state");
}

/** Returns the S256 code challenge. @see https://www.rfc-editor.org/rfc/rfc7636#section-4.2 */
async function challengeOf(codeVerifier: string): Promise<string> {
  try {
    const bytes = new TextEncoder().encode(codeVerifier);
    return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
  } catch {
    throw new ConfigurationError(
      "crypto",
      "SHA-256 is not available on this page",
      "Open the page over https or on localhost, so that it is a secure context.",
    );
  }
}
