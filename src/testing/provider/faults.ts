import { ConfigurationError } from "../../core/errors.ts";
import { oneOf } from "../refuse-unknown.ts";
import { ENDPOINT_NAMES, type FakeEndpoint } from "./endpoints.ts";
import { checkNumber } from "./provider-config.ts";

/**
 * What goes wrong with one request.
 * - `oauth_error`: an error response with this OAuth error code. The authorization endpoint redirects with the error.
 * - `status`: an empty response with this HTTP status. `retryAfterS`: the header `Retry-After`. Seconds.
 * - `network_error`: the request does not reach the provider, and no response comes.
 * - `lost_response`: the provider processes the request, and no response comes.
 * - `invalid_json`: the provider processes the request, and the body of the response is no JSON.
 * - `delay`: the response comes `ms` milliseconds later.
 */
export type FakeFault =
  | {
      readonly type: "oauth_error";
      readonly error: string;
      readonly errorDescription?: string;
      /** Default: 400. */
      readonly status?: number;
    }
  | { readonly type: "status"; readonly status: number; readonly retryAfterS?: number }
  | { readonly type: "network_error" | "lost_response" | "invalid_json" }
  | { readonly type: "delay"; readonly ms: number };

const TYPES: readonly FakeFault["type"][] = [
  "oauth_error",
  "status",
  "network_error",
  "lost_response",
  "invalid_json",
  "delay",
];

/** The faults of the next requests, and the state of the network. */
export class Faults {
  readonly #next = new Map<FakeEndpoint, FakeFault[]>();
  isCut = false;

  /**
   * Adds a fault for the next request of an endpoint that has no fault yet.
   * @throws ConfigurationError the endpoint or the type of the fault is unknown, or a number is missing
   */
  add(endpoint: FakeEndpoint, fault: FakeFault): void {
    oneOf("endpoint", endpoint, ENDPOINT_NAMES);
    oneOf("fault", (fault as FakeFault | undefined)?.type, TYPES);
    if (fault.type === "delay") checkNumber("ms", fault.ms);
    if (fault.type === "status") checkStatus(fault.status);
    if (fault.type === "oauth_error" && !/^[\x20-\x7e]+$/.test(fault.error ?? "")) {
      throw new ConfigurationError(
        "error",
        "it is no OAuth error code",
        'Give a code such as "invalid_grant".',
      );
    }
    this.#next.set(endpoint, [...(this.#next.get(endpoint) ?? []), fault]);
  }

  /** Removes and returns the fault of the next request of an endpoint. */
  take(endpoint: FakeEndpoint): FakeFault | undefined {
    return this.#next.get(endpoint)?.shift();
  }
}

function checkStatus(status: unknown): void {
  if (typeof status === "number" && status >= 200 && status <= 599) return;
  throw new ConfigurationError("status", "it is no HTTP status", "Give a number from 200 to 599.");
}
