import { State } from "oidc-client-ts";
import type { AuthorizationRequest, ServerMetadata } from "../core/authorization-server.ts";
import { ConfigurationError, type AuthError } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";
import type { RequestStore } from "../core/request-store.ts";
import { isSameOrigin, parseUrl } from "../core/same-origin.ts";
import { base64url, randomToken } from "./encoding.ts";
import { errorOf, judgeRequest, judgeUrl, refusal } from "./judge-response.ts";
import { FLOW, type PendingRequest, type StoredRequest } from "./pending-request.ts";

/** As long as oidc-client-ts keeps pending requests. Seconds. */
const STALE_S = 900;

export interface AuthorizeOptions {
  readonly metadata: ServerMetadata;
  readonly clientId: string;
  /** oidc-client-ts sweeps it: pending requests and nothing else. */
  readonly requests: RequestStore;
  readonly clock: Clock;
}

export type ScopedRequest = AuthorizationRequest & {
  readonly scope: readonly string[];
  /** Besides the one of the request. */
  readonly resources?: readonly string[] | undefined;
};

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
  const { issuer, authorizationEndpoint } = options.metadata;
  if (!authorizationEndpoint) {
    throw new ConfigurationError(
      "endpoints.authorizationEndpoint",
      "it is missing",
      "Give it to sign people in by redirect or popup.",
    );
  }
  // 43 characters at least, says RFC 7636 section 4.1.
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
    ...(resource && { resource }),
    ...(audience && { audience }),
    ...(maxAge !== undefined && { maxAge }),
    ...(acrValues?.length && { acrValues }),
  };
  const codeChallenge = await challengeOf(codeVerifier);
  const state = new State({ data, url_state: randomToken() });
  await remember(state, options.requests);

  const url = new URL(authorizationEndpoint);
  const parameters = {
    client_id: options.clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope: scope.join(" "),
    state: `${state.id};${state.url_state}`,
    // OpenID Connect's, and others may refuse what they do not know.
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
  // @see RFC 8707 section 2: several are as many parameters.
  for (const name of new Set([resource ?? "", ...(request.resources ?? [])])) {
    if (name !== "") url.searchParams.append("resource", name);
  }
  return url.href;
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
  const stored = parse(await options.requests.get(response.id));
  const request = judgeRequest(response, stored, { ...options, now: options.clock.now() });
  if ((await options.requests.remove(response.id)) === null) throw unknownState();
  if (response.code === undefined) throw errorOf(response);
  return { ...request, code: response.code };
}

/** Puts it beside the other pending ones, and sweeps those that nobody came back for. */
async function remember(state: State, requests: RequestStore): Promise<void> {
  await State.clearStaleState(sweepable(requests), STALE_S);
  await requests.set(state.id, state.toStorageString());
}

function parse(stored: string | null): StoredRequest {
  if (stored === null) throw unknownState();
  try {
    return (JSON.parse(stored) ?? {}) as StoredRequest;
  } catch {
    throw unknownState();
  }
}

function unknownState(): AuthError {
  return refusal("state", "no request of this browser waits for it");
}

/** @see RFC 7636 section 4.2 */
async function challengeOf(codeVerifier: string): Promise<string> {
  try {
    const bytes = new TextEncoder().encode(codeVerifier);
    return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
  } catch {
    throw new ConfigurationError(
      "crypto",
      "no authorization request can be made here",
      "Use a secure context: https or localhost.",
    );
  }
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
