import { OidcClient } from "oidc-client-ts";
import type { AuthorizationRequest, ServerMetadata } from "../core/authorization-server.ts";
import { AuthError, ConfigurationError } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";
import type { RequestStore } from "../core/request-store.ts";
import { isSameOrigin, parseUrl } from "../core/same-origin.ts";
import { randomToken } from "./base64url.ts";
import { errorOf, judgeRequest, judgeUrl, refusal } from "./judge-response.ts";
import { FLOW, type PendingRequest, type RequestData } from "./pending-request.ts";

export interface AuthorizeOptions {
  readonly metadata: ServerMetadata;
  readonly clientId: string;
  /** oidc-client-ts sweeps it: pending requests and nothing else. */
  readonly requests: RequestStore;
  readonly clock: Clock;
}

export type ScopedRequest = AuthorizationRequest & { readonly scope: readonly string[] };

export type AnsweredRequest = PendingRequest & { readonly code: string };

/**
 * Remembers a request and gives the URL that makes it.
 * @see RFC 6749 section 4.1.1
 * @see RFC 7636 section 4.3
 * @see OpenID Connect Core 1.0 section 3.1.2.1
 * @throws ConfigurationError a URL of the request cannot work
 */
export async function createAuthorizationUrl(
  request: ScopedRequest,
  options: AuthorizeOptions,
): Promise<string> {
  const { redirectUri, returnTo, scope, resource, audience, prompt, loginHint, maxAge, acrValues } =
    request;
  if (!/^https?:/.test(parseUrl(redirectUri)?.href ?? "") || redirectUri.includes("#")) {
    throw new ConfigurationError(
      "redirectUri",
      "not an absolute URL without a fragment",
      "Give the URL as registered.",
    );
  }
  if (returnTo !== undefined && !isSameOrigin(returnTo, redirectUri)) {
    throw new ConfigurationError(
      "returnTo",
      "not a URL of this origin",
      "Give a path of this app, such as /orders.",
    );
  }
  const data: RequestData = {
    flow: FLOW,
    issuer: options.metadata.issuer,
    clientId: options.clientId,
    redirectUri,
    scope,
    createdAt: options.clock.now(),
    ...(returnTo !== undefined && { returnTo }),
    ...(resource && { resource }),
    ...(audience && { audience }),
    ...(maxAge !== undefined && { maxAge }),
    ...(acrValues?.length && { acrValues }),
  };
  const client = oidcClient(options, sweepable(options.requests));
  const made = client.createSigninRequest({
    state: data,
    nonce: randomToken(),
    url_state: randomToken(),
    redirect_uri: redirectUri,
    scope: scope.join(" "),
    ...(resource && { resource }),
    ...(prompt && { prompt }),
    ...(loginHint && { login_hint: loginHint }),
    ...(maxAge !== undefined && { max_age: maxAge }),
    ...(acrValues?.length && { acr_values: acrValues.join(" ") }),
    ...(audience && { extraQueryParams: { audience } }),
  });
  return (await ours(made, unable)).url;
}

/**
 * Judges an authorization response, and only when all of it fits takes the request it answers: of two callers one gets it.
 * @see RFC 6749 section 4.1.2
 * @throws InvalidResponseError not the answer to a pending request of ours; what is pending stays pending
 * @throws AuthorizationError the server said no
 */
export async function readAuthorizationResponse(
  url: string,
  options: AuthorizeOptions & { readonly lifetimeMs?: number },
): Promise<AnsweredRequest> {
  const response = judgeUrl(url);
  const client = oidcClient(options, options.requests);
  const { state } = await ours(client.readSigninResponseState(url, false), unknownState);
  const request = judgeRequest(response, state, { ...options, now: options.clock.now() });
  await ours(client.readSigninResponseState(url, true), unknownState);
  if (response.code === undefined) throw errorOf(response);
  return { ...request, code: response.code };
}

/** What our store says goes through; oidc-client-ts's own errors end here, and not even as a cause: they may hold secrets. */
function ours<T>(result: Promise<T>, instead: () => AuthError): Promise<T> {
  return result.catch((error: unknown) => {
    throw error instanceof AuthError ? error : instead();
  });
}

function unknownState(): AuthError {
  return refusal("state", "no request of this browser waits for it");
}

function unable(): AuthError {
  return new ConfigurationError(
    "crypto",
    "no authorization request can be made here",
    "Use a secure context: https or localhost.",
  );
}

function oidcClient(
  { metadata, clientId }: AuthorizeOptions,
  stateStore: RequestStore,
): OidcClient {
  return new OidcClient({
    authority: metadata.issuer,
    // All it needs, so that it never goes to the network.
    metadata: { issuer: metadata.issuer, authorization_endpoint: metadata.authorizationEndpoint },
    client_id: clientId,
    redirect_uri: "",
    stateStore,
  });
}

/** The sweep of stale requests lets its removals float; one that fails must not surface as an unhandled rejection. */
function sweepable(requests: RequestStore): RequestStore {
  return {
    get: (id) => requests.get(id),
    set: (id, value) => requests.set(id, value),
    remove: (id) => requests.remove(id).catch(() => null),
    getAllKeys: () => requests.getAllKeys(),
  };
}
