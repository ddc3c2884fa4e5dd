import { ConfigurationError } from "../../core/errors.ts";
import { oneOf, refuseUnknown } from "../refuse-unknown.ts";
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

/** The members of each fault beside `type`. */
const MEMBERS: Readonly<Record<FakeFault["type"], readonly string[]>> = {
  oauth_error: ["error", "errorDescription", "status"],
  status: ["status", "retryAfterS"],
  network_error: [],
  lost_response: [],
  invalid_json: [],
  delay: ["ms"],
};
const TYPES = Object.keys(MEMBERS) as FakeFault["type"][];

type OAuthFault = Extract<FakeFault, { readonly type: "oauth_error" }>;

/** The faults of the next requests, and the state of the network. */
export class Faults {
  readonly #next = new Map<FakeEndpoint, FakeFault[]>();
  isCut = false;

  /**
   * Adds a fault for the next request of an endpoint that has no fault yet.
   * @throws ConfigurationError the endpoint or a member of the fault is unknown, missing or malformed
   */
  add(endpoint: FakeEndpoint, fault: FakeFault): void {
    oneOf("endpoint", endpoint, ENDPOINT_NAMES);
    oneOf("fault", (fault as FakeFault | undefined)?.type, TYPES);
    refuseUnknown("the fault", fault, ["type", ...MEMBERS[fault.type]]);
    if (fault.type === "delay") checkNumber("ms", fault.ms);
    if (fault.type === "status") checkStatus(fault.status, 200);
    if (fault.type === "status" && fault.retryAfterS !== undefined)
      checkNumber("retryAfterS", fault.retryAfterS);
    if (fault.type === "oauth_error") checkOAuthError(fault);
    this.#next.set(endpoint, [...(this.#next.get(endpoint) ?? []), fault]);
  }

  /** Removes and returns the fault of the next request of an endpoint. */
  take(endpoint: FakeEndpoint): FakeFault | undefined {
    return this.#next.get(endpoint)?.shift();
  }
}

/** `least`: the smallest status that the fault can have. */
function checkStatus(status: unknown, least: number): void {
  if (Number.isInteger(status) && Number(status) >= least && Number(status) <= 599) return;
  throw new ConfigurationError(
    "status",
    "the fault cannot have this HTTP status",
    `Give a whole number from ${least} to 599.`,
  );
}

function checkOAuthError({ error: code, errorDescription, status }: OAuthFault): void {
  if (status !== undefined) checkStatus(status, 400);
  if (typeof code !== "string" || !/^[\x20-\x7e]+$/.test(code)) {
    throw new ConfigurationError(
      "error",
      "it is no OAuth error code",
      'Give a code such as "invalid_grant".',
    );
  }
  if (errorDescription !== undefined && typeof errorDescription !== "string") {
    throw new ConfigurationError("errorDescription", "it is no text", "Give a text, or omit it.");
  }
}
