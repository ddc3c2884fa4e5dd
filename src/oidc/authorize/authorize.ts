import type { OwnParameters, Prompt } from "../../core/authorization-parameters.ts";
import type { AuthorizationRequest, ServerMetadata } from "../../core/authorization-server.ts";
import { ofLogin } from "../../core/auth-error.ts";
import { ConfigurationError, type AuthError } from "../../core/errors.ts";
import { clientKey } from "../../core/keys.ts";
import type { Clock } from "../../core/ports.ts";
import type { RequestStore } from "../../core/request-store.ts";
import { clientTag } from "../../core/response-state.ts";
import { assertReturnTo } from "../../core/return-to.ts";
import { isRedirectUri, parseUrl } from "../../core/same-origin.ts";
import { isObject, isTexts, parseObject } from "../../core/shape.ts";
import { errorOf, validateRequest, validateUrl, refusal } from "./validate-response.ts";
import {
  createPendingRequest,
  deleteStaleRequests,
  parsePendingRequest,
  type PendingRequest,
} from "./pending-request.ts";

/** A longer ID token is not sent as `id_token_hint`. Characters. */
const MAX_HINT_LENGTH = 2_000;
/** The maximum time that a login waits for the deletion of old pending requests. Milliseconds. */
const DELETION_MS = 1_000;

/** The server and the client of an authorization request, and the store of pending requests. */
export interface AuthorizeOptions {
  readonly metadata: ServerMetadata;
  readonly clientId: string;
  /** The store of pending requests. Each login deletes every entry that is not a pending request. */
  readonly requests: RequestStore;
  readonly clock: Clock;
  /** Returns the URL of the app's page. `returnTo` must have the same origin as this URL. Default: the redirect URI. */
  readonly pageUrl?: (() => string) | undefined;
}

/** An authorization request whose `scope` includes the scopes that every login requests. */
export type ScopedRequest = AuthorizationRequest & {
  readonly scope: readonly string[];
  /** The scopes that the caller asked for. `scope` also contains the scopes that every login requests. */
  readonly targetScope?: readonly string[] | undefined;
};

/** An authorization request and the code that the server returned for this request. */
export type SettledRequest = PendingRequest & { readonly code: string };

/**
 * Stores a new authorization request and returns the URL that starts the login at the server.
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
  const { redirectUri, returnTo, user, scope, resource, audience, loginHint } = request;
  const prompt = promptOf(request, options.metadata);
  const { maxAge, acrValues, idTokenHint = "", parameters = {} } = request;
  const redirect = parseUrl(redirectUri);
  if (!redirect || !isRedirectUri(redirect)) {
    throw new ConfigurationError(
      "redirectUri",
      `"${redirectUri}" is not an absolute URL of a page or an app, or it has a fragment`,
      "Set it to the redirect URI that is registered at the server.",
    );
  }
  const page = options.pageUrl?.() ?? redirectUri;
  assertReturnTo(returnTo, page, options.pageUrl ? "this page" : "`redirectUri`");
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
  const { id, nonce, codeChallenge, stored } = await createPendingRequest({
    issuer,
    clientId: options.clientId,
    redirectUri,
    scope,
    createdAt: options.clock.now(),
    returnTo,
    targetScope: request.targetScope?.length ? request.targetScope : undefined,
    user,
    prompt,
    resource: resource || undefined,
    resources: resources.length > 0 ? resources : undefined,
    audience: audience || undefined,
    maxAge,
    acr: essentialAcr(parameters),
  });
  await options.requests.set(id, stored);
  const deletion = deleteStaleRequests(options.requests).catch(() => {});
  await Promise.race([deletion, options.clock.sleep(DELETION_MS)]);

  const url = new URL(authorizationEndpoint);
  const own = {
    client_id: options.clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope: scope.join(" "),
    state: `${clientTag(clientKey(issuer, options.clientId))}.${id}`,
    // Only OpenID Connect defines `nonce`. A server without OpenID Connect might refuse the unknown parameter.
    nonce: scope.includes("openid") ? nonce : undefined,
    code_challenge: codeChallenge,
    code_challenge_method: "S256",
    audience,
    prompt,
    login_hint: loginHint,
    // A long URL might not reach the server.
    id_token_hint: idTokenHint.length > MAX_HINT_LENGTH ? undefined : idTokenHint,
    max_age: maxAge,
    acr_values: acrValues?.join(" "),
  };
  for (const [name, value] of Object.entries({ ...parameters, ...own })) {
    if (value !== undefined && value !== "") url.searchParams.set(name, `${value}`);
  }
  // Each resource is sent as a separate `resource` parameter. @see https://www.rfc-editor.org/rfc/rfc8707#section-2
  for (const name of resources) url.searchParams.append("resource", name);
  return url.href;
}

/**
 * Validates an authorization response and removes its pending request from the store. Returns this request and the code of the
 * response. If two calls have the same response, only one call succeeds.
 * @throws InvalidResponseError the response matches no pending request of this client; the store is not changed
 * @throws AuthorizationError the server refused the request; the pending request is removed
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
 */
export async function readAuthorizationResponse(
  url: string,
  options: AuthorizeOptions & { readonly lifetimeMs?: number },
): Promise<SettledRequest> {
  const { metadata, clientId } = options;
  const response = validateUrl(url, clientKey(metadata.issuer, clientId));
  const stored = await options.requests.get(response.id);
  if (stored === null) throw unknownState();
  const pending = await parsePendingRequest(stored);
  const request = validated(response, pending, { ...options, now: options.clock.now() });
  if ((await options.requests.remove(response.id)) === null) throw unknownState();
  if (response.code === undefined) throw ofLogin(errorOf(response), request);
  return { ...request, code: response.code };
}

function validated(...[response, pending, validation]: Parameters<typeof validateRequest>) {
  try {
    return validateRequest(response, pending, validation);
  } catch (error) {
    throw ofLogin(error, pending ?? {});
  }
}

/** Returns the prompt to request. Servers refuse a login with a prompt that they do not support. */
function promptOf(
  { prompt, fallbackPrompt }: ScopedRequest,
  { promptValuesSupported = [] }: ServerMetadata,
): Prompt | undefined {
  const isSupported = prompt !== undefined && promptValuesSupported.includes(prompt);
  return fallbackPrompt === undefined || isSupported ? prompt : fallbackPrompt;
}

/**
 * Returns the `acr` values of which the ID token must have one, because the parameter `claims` requests `acr` as an essential
 * claim. An empty list means that any `acr` is accepted. Undefined: `acr` is not essential. `checkLoginParameters()` has
 * validated `claims`.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#acrSemantics
 */
function essentialAcr({ claims = "" }: OwnParameters): readonly string[] | undefined {
  const { id_token: idToken } = parseObject(claims) ?? {};
  const acr = isObject(idToken) ? idToken["acr"] : undefined;
  if (!isObject(acr) || acr["essential"] !== true) return undefined;
  const values = acr["values"] ?? [acr["value"] ?? []].flat();
  return isTexts(values) ? values : [];
}

function unknownState(): AuthError {
  return refusal("state", "this browser has no pending request with this state");
}
