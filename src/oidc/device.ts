import { developerHint, serverWords } from "../core/server-words.ts";
import { abortable } from "../core/abortable.ts";
import type { DeviceAuthorization } from "../core/authorization-server.ts";
import { DeviceCodeError } from "../core/device-code-error.ts";
import { isTemporary } from "../core/server-responses.ts";
import type { TokenTarget } from "../core/token-target.ts";
import { parseObject, text } from "../core/shape.ts";
import type { ServerParts } from "./context.ts";
import { isRefusal, lifetimeS, parseFacts } from "./token/token-response.ts";
import { parseUrl, isSecureUrl } from "../core/same-origin.ts";
import { postForm, type FormRequest, type HttpResponse } from "./token/form-request.ts";

const NAME = "device authorization endpoint";
const ASSUMED_LIFETIME_S = 300;
const ASSUMED_INTERVAL_S = 5;
const MAX_INTERVAL_S = 600;

/**
 * Requests a device code and a user code. Returns the server's response and the requested scopes.
 * @throws ConfigurationError `tokenParameters` is wrong
 * @throws DiscoveryError the device authorization endpoint in the metadata is not an https URL
 * @throws DeviceCodeError the server has no device authorization endpoint, refused the request, or sent an invalid response
 * @throws NetworkError no response came
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.1
 */
export async function authorizeDevice(
  parts: ServerParts,
  target: TokenTarget,
  signal: AbortSignal | undefined,
): Promise<DeviceAuthorization> {
  // A wrong parameter is refused before the user sees a code.
  await abortable(parts.loadTokenParameters(), signal);
  const loaded = Promise.all([
    parts.loadEndpoint("deviceAuthorizationEndpoint"),
    parts.getCredentials(),
  ]);
  const [deviceAuthorizationEndpoint, credentials] = await abortable(loaded, signal);
  if (!deviceAuthorizationEndpoint) {
    throw new DeviceCodeError("unsupported", `the server has no ${NAME}`, {
      hint: "Enable the device flow at the server, or configure endpoints.deviceAuthorizationEndpoint.",
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
  const response = await postForm(form, client);
  if (isRefusal(response)) throw refusal(response, form);
  return { ...parseDevice(response, client.clock.now()), scope };
}

/** Parses a device authorization response. @see https://www.rfc-editor.org/rfc/rfc8628#section-3.2 */
function parseDevice(
  { status, text: body }: HttpResponse,
  now: number,
): Omit<DeviceAuthorization, "scope"> {
  const response = parseObject(body) ?? {};
  const deviceCode = text(response["device_code"]);
  const userCode = text(response["user_code"]);
  // Google sends `verification_url` instead of `verification_uri`.
  const verificationUri = page(response["verification_uri"] ?? response["verification_url"]);
  const verificationUriComplete = page(response["verification_uri_complete"]);
  if (!deviceCode || !userCode || !verificationUri) {
    const missing = !deviceCode ? "device_code" : !userCode ? "user_code" : "verification_uri";
    throw new DeviceCodeError("invalid", `the ${NAME}'s response has no valid ${missing}`, {
      hint: "The server must respond as in RFC 8628 section 3.2, with an https URL as verification_uri.",
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

/**
 * Returns `value` if `value` is an https URL or a URL of localhost. A user cannot safely open any other URL, such as
 * `javascript:`.
 */
function page(value: unknown): string | undefined {
  const url = text(value);
  const parsed = url && parseUrl(url);
  return parsed && isSecureUrl(parsed) ? url : undefined;
}

function refusal(response: HttpResponse, form: FormRequest): DeviceCodeError {
  const facts = parseFacts(response, form);
  const { status } = facts;
  return new DeviceCodeError("refused", `the ${NAME} responded ${status} ${serverWords(facts)}`, {
    ...facts,
    hint:
      developerHint(facts) ??
      "The server must allow this client the device flow, without a client secret. The server's log says more.",
    retryable: isTemporary("device authorization", facts),
  });
}
