import { abortable } from "../core/abortable.ts";
import type { DeviceAuthorization } from "../core/authorization-server.ts";
import { DeviceCodeError } from "../core/device-code-error.ts";
import { NetworkError } from "../core/errors.ts";
import { isTemporary } from "../core/server-responses.ts";
import type { TokenTarget } from "../core/token-target.ts";
import { postForm, type FormRequest, type TokenClient } from "./token/form-request.ts";
import { parseObject, text } from "./encoding.ts";
import { request, type HttpResponse } from "./token/http.ts";
import type { ServerParts } from "./context.ts";
import { isRefusal, lifetimeS, parseFacts } from "./token/token-response.ts";
import { parseUrl, isSecureUrl } from "../core/same-origin.ts";

const NAME = "device authorization endpoint";
const ASSUMED_LIFETIME_S = 300;
const ASSUMED_INTERVAL_S = 5;
const MAX_INTERVAL_S = 600;

/**
 * Asks for a device code.
 * @see RFC 8628 section 3.1
 * @throws DeviceCodeError the server has no such endpoint, refused, or answered badly
 * @throws NetworkError no answer; the hint names CORS when that is why
 */
export async function authorizeDevice(
  parts: ServerParts,
  target: TokenTarget,
  signal: AbortSignal | undefined,
): Promise<DeviceAuthorization> {
  const loaded = Promise.all([parts.loadMetadata(), parts.getCredentials()]);
  const [{ deviceAuthorizationEndpoint }, credentials] = await abortable(loaded, signal);
  if (!deviceAuthorizationEndpoint) {
    throw new DeviceCodeError("unsupported", `the server has no ${NAME}`, {
      hint: "Switch the device flow on at the server, or give endpoints with a deviceAuthorizationEndpoint.",
    });
  }
  const { resource = "", audience } = target;
  const resources = new Set([resource, ...(parts.config.resources ?? [])]);
  const scope = parts.scopeWith(target);
  const form = {
    name: NAME,
    url: deviceAuthorizationEndpoint,
    parameters: { scope: scope.join(" "), resource: [...resources], audience },
    secrets: [],
    credentials,
  };
  const client = parts.client(signal);
  const response = await postWithDiagnosis(form, client);
  if (isRefusal(response)) throw refusal(response, form);
  return { ...parseDevice(response, client.clock.now()), scope };
}

/** @see RFC 8628 section 3.2 */
function parseDevice(
  { status, text: body }: HttpResponse,
  now: number,
): Omit<DeviceAuthorization, "scope"> {
  const response = parseObject(body) ?? {};
  const deviceCode = text(response["device_code"]);
  const userCode = text(response["user_code"]);
  // Google's name for it is older than the RFC's.
  const verificationUri = page(response["verification_uri"] ?? response["verification_url"]);
  const verificationUriComplete = page(response["verification_uri_complete"]);
  if (!deviceCode || !userCode || !verificationUri) {
    const missing = !deviceCode ? "device_code" : !userCode ? "user_code" : "verification_uri";
    throw new DeviceCodeError("invalid", `the ${NAME}'s answer has no good ${missing}`, {
      hint: "It must answer as in RFC 8628 section 3.2, and with the https URL of a page.",
      status,
    });
  }
  const interval = lifetimeS(response["interval"], ASSUMED_INTERVAL_S);
  return {
    deviceCode,
    userCode,
    verificationUri,
    ...(verificationUriComplete && { verificationUriComplete }),
    expiresAt: now + lifetimeS(response["expires_in"], ASSUMED_LIFETIME_S) * 1000,
    intervalMs: Math.min(interval || ASSUMED_INTERVAL_S, MAX_INTERVAL_S) * 1000,
  };
}

/** A page that may be shown to a person; never a `javascript:` URL. */
function page(value: unknown): string | undefined {
  const url = text(value);
  const parsed = url && parseUrl(url);
  return parsed && isSecureUrl(parsed) ? url : undefined;
}

function refusal(response: HttpResponse, form: FormRequest): DeviceCodeError {
  const facts = parseFacts(response, form);
  const { status, error } = facts;
  return new DeviceCodeError(
    "refused",
    `the ${NAME} answered ${status} ${error ?? "without an OAuth error"}`,
    {
      ...facts,
      hint: "The server must allow this client the device flow and what is asked for; its log says more.",
      retryable: isTemporary("device authorization", facts),
    },
  );
}

/** Many servers forget to allow other origins here: it was made for devices. A browser says no more than that it failed. */
async function postWithDiagnosis(form: FormRequest, client: TokenClient): Promise<HttpResponse> {
  let isCut = false;
  const fetch: TokenClient["fetch"] = (url, init) =>
    client.fetch(url, init).catch((error: unknown) => {
      isCut = !init.signal?.aborted;
      throw error;
    });
  try {
    return await postForm(form, { ...client, fetch });
  } catch (error) {
    if (!isCut || !(error instanceof NetworkError) || !(await isReachable(form.url, client))) {
      throw error;
    }
    throw new NetworkError(
      error.message,
      undefined,
      `The server can be reached, but the ${NAME} does not allow this origin (CORS), or redirects: change that there, or ask from a server of your own.`,
    );
  }
}

/** An answer without permission to read it has the status 0, and only a browser gives one. */
async function isReachable(url: string, client: TokenClient): Promise<boolean> {
  try {
    const { status } = await request(NAME, url, { mode: "no-cors", redirect: "follow" }, client);
    return status === 0;
  } catch {
    client.signal?.throwIfAborted();
    return false;
  }
}
