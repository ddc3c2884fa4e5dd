import { base64url } from "jose";
import { SigninState, State } from "oidc-client-ts";
import type { Prompt } from "../../core/authorization-parameters.ts";
import { ConfigurationError } from "../../core/errors.ts";
import type { RequestStore } from "../../core/request-store.ts";
import { has, isTexts } from "../../core/shape.ts";

/** The `request_type` of every request that Latchkey stores. A stored request with another `request_type` is refused. */
const REQUEST_TYPE = "latchkey/login";
/** The maximum age of a pending request. Older requests are deleted. Seconds. */
const STALE_S = 900;

/** The members of a pending request that oidc-client-ts stores unchanged as `data`. */
interface RequestDetails {
  /** The resource indicator of the requested access token. @see https://www.rfc-editor.org/rfc/rfc8707#section-2 */
  readonly resource?: string | undefined;
  readonly audience?: string | undefined;
  /** All resource indicators of the authorization request. */
  readonly resources?: readonly string[] | undefined;
  /** The time when the request was created. Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly returnTo?: string | undefined;
  /** The scopes that the caller asked for. `scope` also contains the scopes that every login requests. */
  readonly targetScope?: readonly string[] | undefined;
  /** The `sub` of the user who is expected to log in. */
  readonly user?: string | undefined;
  readonly prompt?: Prompt | undefined;
  /** The `max_age` parameter: the maximum time since the user last authenticated. Seconds. */
  readonly maxAge?: number | undefined;
  /** The `acr` values of which the ID token must have one. Empty: any `acr`. Undefined: `acr` may be missing. */
  readonly acr?: readonly string[] | undefined;
}

/** An authorization request that waits for its response. The response is validated against this request. */
export interface PendingRequest extends RequestDetails {
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scope: readonly string[];
  readonly nonce: string;
  /** The PKCE code verifier. @see https://www.rfc-editor.org/rfc/rfc7636#section-4.1 */
  readonly codeVerifier: string;
}

/** A new pending request: the values that the authorization URL needs, and the text to store. */
export interface CreatedRequest {
  /** The id of the request, which is a part of the `state` parameter. 256 random bits in base64url. */
  readonly id: string;
  readonly nonce: string;
  /** The S256 code challenge. @see https://www.rfc-editor.org/rfc/rfc7636#section-4.2 */
  readonly codeChallenge: string;
  readonly stored: string;
}

/**
 * Creates a pending request with a new id, nonce and PKCE code verifier.
 * @throws ConfigurationError SHA-256 is not available, because the page is not a secure context
 * @see https://www.rfc-editor.org/rfc/rfc7636#section-4.1
 */
export async function createPendingRequest(
  request: Omit<PendingRequest, "codeVerifier" | "nonce">,
): Promise<CreatedRequest> {
  const { issuer, clientId, redirectUri, scope, ...data } = request;
  const [id, nonce] = [randomToken(), randomToken()];
  try {
    const state = await SigninState.create({
      id,
      request_type: REQUEST_TYPE,
      authority: issuer,
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: scope.join(" "),
      nonce,
      code_verifier: true,
      data,
    });
    return { id, nonce, codeChallenge: state.code_challenge!, stored: state.toStorageString() };
  } catch {
    throw new ConfigurationError(
      "crypto",
      "SHA-256 is not available on this page",
      "Open the page over https or on localhost, so that it is a secure context.",
    );
  }
}

function randomToken(): string {
  return base64url.encode(crypto.getRandomValues(new Uint8Array(32)));
}

/** Reads a stored request. Returns undefined if the text is damaged or was not stored by Latchkey. */
export async function parsePendingRequest(stored: string): Promise<PendingRequest | undefined> {
  const state = await parseState(stored);
  if (!state || !isWhole(state)) return undefined;
  return {
    ...(state.data as RequestDetails),
    issuer: state.authority,
    clientId: state.client_id,
    redirectUri: state.redirect_uri,
    scope: state.scope.split(" ").filter((name) => name !== ""),
    nonce: state.nonce!,
    codeVerifier: state.code_verifier!,
  };
}

async function parseState(stored: string): Promise<SigninState | undefined> {
  try {
    return await SigninState.fromStorageString(stored);
  } catch {
    return undefined;
  }
}

function isWhole(state: SigninState): boolean {
  const { resources = [], targetScope = [], acr = [] } = (state.data ?? {}) as RequestDetails;
  return (
    state.request_type === REQUEST_TYPE &&
    has(state, {
      authority: "string",
      client_id: "string",
      redirect_uri: "string",
      scope: "string",
      nonce: "string",
      code_verifier: "string",
    }) &&
    has(state.data, {
      createdAt: "number",
      returnTo: "string|undefined",
      user: "string|undefined",
      prompt: "string|undefined",
      resource: "string|undefined",
      audience: "string|undefined",
      maxAge: "number|undefined",
    }) &&
    [resources, targetScope, acr].every(isTexts)
  );
}

/** Deletes pending requests that are older than `STALE_S`, and damaged records. */
export function deleteStaleRequests(requests: RequestStore): Promise<void> {
  return State.clearStaleState(
    {
      get: (id) => requests.get(id),
      set: (id, value) => requests.set(id, value),
      // oidc-client-ts does not wait for `remove()`. Without `catch()`, a failed removal would be an unhandled rejection.
      remove: (id) => requests.remove(id).catch(() => null),
      getAllKeys: () => requests.getAllKeys(),
    },
    STALE_S,
  );
}
