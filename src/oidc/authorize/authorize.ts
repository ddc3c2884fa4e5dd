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

/** So long a login that leaves waits for what it does not need. Milliseconds. */
const SWEEP_MS = 1_000;

const loadSweep = (): Promise<typeof Sweep> => chunk(import("./sweep-requests.ts"));

export interface AuthorizeOptions {
  readonly metadata: ServerMetadata;
  readonly clientId: string;
  /** oidc-client-ts sweeps it: pending requests and nothing else. */
  readonly requests: RequestStore;
  readonly clock: Clock;
}

export type ScopedRequest = AuthorizationRequest & {
  readonly scope: readonly string[];
  /** The scopes of the target it is made for. */
  readonly targetScope?: readonly string[] | undefined;
};

export type SettledRequest = PendingRequest & { readonly code: string };

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
  const { redirectUri, returnTo, user, scope, resource, audience, prompt, loginHint } = request;
  const { maxAge, acrValues } = request;
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
  const named = [resource ?? "", ...(request.resources ?? [])];
  const resources = [...new Set(named.filter((one) => one !== ""))];
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
  for (const name of resources) url.searchParams.append("resource", name);
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
): Promise<SettledRequest> {
  const { metadata, clientId } = options;
  const response = validateUrl(url, clientKey(metadata.issuer, clientId));
  const stored = parse(await options.requests.get(response.id));
  const request = validateRequest(response, stored, { ...options, now: options.clock.now() });
  if ((await options.requests.remove(response.id)) === null) throw unknownState();
  if (response.code === undefined) throw errorOf(response);
  return { ...request, code: response.code };
}

/** Puts it beside the other pending ones, and sweeps those that nobody came back for. */
async function remember(request: StoredRequest, { requests, clock }: AuthorizeOptions) {
  await requests.set(request.id, JSON.stringify(request));
  const isAlone = (await requests.getAllKeys()).length === 1;
  // What was answered is not pending any more: there is seldom anything to sweep, and no login waits for it.
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
