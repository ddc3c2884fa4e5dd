import { authorizationError } from "./authorization-endpoint.ts";
import { endpointList, methodsAt, type FakeEndpoint } from "./endpoints.ts";
import type { FakeFault } from "./faults.ts";
import { empty, oauthError, RefusedRequest } from "./http.ts";
import { HANDLERS } from "./other-endpoints.ts";
import type { ProviderParts } from "./provider-parts.ts";

/** How the network and the provider treat one request. */
export interface Conditions {
  readonly fault: FakeFault | undefined;
  /** The time before the response. Milliseconds. */
  readonly latencyMs: number;
}

/** Responds to a request of an endpoint, with the fault of this request. If no response comes, returns `Response.error()`. */
export async function respond(
  parts: ProviderParts,
  endpoint: FakeEndpoint,
  request: Request,
  { fault, latencyMs }: Conditions,
): Promise<Response> {
  const delayMs = latencyMs + (fault?.type === "delay" ? fault.ms : 0);
  if (delayMs > 0) await parts.config.clock.sleep(delayMs, request.signal);
  switch (fault?.type) {
    case "network_error":
      return Response.error();
    case "status": {
      const { status, retryAfterS } = fault;
      return empty(status, retryAfterS === undefined ? {} : { "retry-after": `${retryAfterS}` });
    }
    case "oauth_error": {
      const { error, errorDescription, status = 400 } = fault;
      if (endpoint === "authorization") {
        return orRefusal(authorizationError(parts, request, error, errorDescription));
      }
      return oauthError(new RefusedRequest(error, errorDescription ?? error, status));
    }
    case "lost_response":
      await handle(parts, endpoint, request);
      return Response.error();
    case "invalid_json": {
      const { status, headers } = await handle(parts, endpoint, request);
      return new Response('{"', { status, headers });
    }
    case "delay":
    case undefined:
      break;
  }
  return handle(parts, endpoint, request);
}

/** Returns the response to a request that no endpoint accepts. The response lists the endpoints, and does not contain the path. */
export function unknownEndpoint(issuer: string, { method, url }: Request): Response {
  const text = `The fake provider has no such endpoint for ${method}. It has ${endpointList()}.`;
  const methods = methodsAt(issuer, url);
  const refusal = new RefusedRequest("invalid_request", text, methods.length > 0 ? 405 : 404);
  const response = oauthError(refusal);
  if (methods.length > 0) response.headers.set("allow", methods.join(", "));
  return response;
}

function handle(parts: ProviderParts, endpoint: FakeEndpoint, request: Request): Promise<Response> {
  return orRefusal((async () => HANDLERS[endpoint](parts, request))());
}

/** Returns a response, or the error response of a refused request. */
async function orRefusal(response: Promise<Response>): Promise<Response> {
  try {
    return await response;
  } catch (error) {
    if (error instanceof RefusedRequest) return oauthError(error);
    throw error;
  }
}
