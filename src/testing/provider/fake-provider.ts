import { ConfigurationError } from "../../core/errors.ts";
import { isSameOrigin } from "../../core/same-origin.ts";
import { DeviceLogins } from "./device-logins.ts";
import { endpointOf, type FakeEndpoint } from "./endpoints.ts";
import { Faults, type FakeFault } from "./faults.ts";
import { GrantStore } from "./grant-store.ts";
import { empty } from "./http.ts";
import { checkLoginOptions, type FakeLoginOptions } from "./login-options.ts";
import { checkNumber, readProviderConfig, type FakeProviderConfig } from "./provider-config.ts";
import { clientOf, findUser, type ProviderParts } from "./provider-parts.ts";
import { respond, unknownEndpoint } from "./respond.ts";
import { SigningKeys } from "./signing-keys.ts";
import { issueTokens, type FakeTokenResponse } from "./token-response.ts";

/** A request that a `FakeProvider` has received. It contains no secret. */
export interface FakeRequest {
  readonly endpoint: FakeEndpoint;
  readonly method: string;
  /** The parameter `grant_type` of a token request. */
  readonly grantType?: string;
}

/** An OpenID provider that is a function: no server, no port. All its data is in memory. */
export class FakeProvider {
  readonly issuer: string;
  /** All requests of clients that have reached the provider, in their order. Preflight requests of CORS are left out. */
  readonly requests: FakeRequest[] = [];
  readonly #parts: ProviderParts;
  readonly #faults = new Faults();
  #latencyMs: number;

  constructor(given: FakeProviderConfig) {
    const config = readProviderConfig(given);
    this.issuer = config.issuer;
    this.#latencyMs = config.latencyMs;
    this.#parts = {
      config,
      keys: new SigningKeys(),
      grants: new GrantStore(),
      devices: new DeviceLogins(),
      browser: { sub: undefined, authTime: 0, next: config.users[0]!.sub },
    };
  }

  /**
   * Responds to a request like the global `fetch`, for parts of Latchkey that take a `fetch`.
   * @throws TypeError a fault of the network: the error of the global `fetch`
   * @throws ConfigurationError the request goes to another origin than the provider's
   */
  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    request.signal.throwIfAborted();
    const response = await this.handle(request);
    if (response.type === "error") throw new TypeError("Failed to fetch");
    return response;
  };

  /**
   * Responds to a request, for handlers such as those of MSW. A fault of the network is the response `Response.error()`.
   * @throws ConfigurationError the request goes to another origin than the provider's, or its body was already read
   */
  readonly handle = async (request: Request): Promise<Response> => {
    if (!isSameOrigin(request.url, this.issuer)) {
      throw new ConfigurationError(
        "url",
        `the fake provider at ${this.issuer} got a request to ${new URL(request.url).origin}`,
        "Pass only requests to the issuer to the provider.",
      );
    }
    if (request.bodyUsed) {
      throw new ConfigurationError(
        "request",
        "its body was already read",
        "Pass a copy to the provider: request.clone().",
      );
    }
    if (this.#faults.isCut) return Response.error();
    if (request.method === "OPTIONS") return empty(204);
    const endpoint = endpointOf(this.issuer, request);
    if (!endpoint) return unknownEndpoint(this.issuer, request);
    const fault = this.#faults.take(endpoint);
    if (fault?.type !== "network_error") await this.#record(endpoint, request.clone());
    return respond(this.#parts, endpoint, request, { fault, latencyMs: this.#latencyMs });
  };

  /**
   * Sets the user who logs in next. Until a logout, the user is then logged in at the provider.
   * @throws ConfigurationError there is no such user
   */
  chooseUser(sub: string): void {
    this.#parts.browser.next = this.#sub(sub);
    this.#parts.browser.sub = undefined;
  }

  /** Logs the user out at the provider. Tokens stay valid. */
  endBrowserSession(): void {
    this.#parts.browser.sub = undefined;
  }

  /**
   * Ends all tokens of a user, as an administrator does. The next refresh gets `invalid_grant`.
   * @throws ConfigurationError there is no such user
   */
  endSessions(sub: string): void {
    this.#parts.grants.endUser(this.#sub(sub));
  }

  /**
   * Makes all access tokens of a user invalid at the provider. Refresh tokens stay valid.
   * @throws ConfigurationError there is no such user
   */
  expireAccessTokens(sub: string): void {
    this.#parts.grants.expireAccessTokens(this.#sub(sub), this.#parts.config.clock.now());
  }

  /** Signs from now on with a new key. The keys endpoint has the new key and the previous key. */
  rotateKeys(): void {
    this.#parts.keys.rotate();
  }

  /**
   * Approves a device login. `sub`: the user. Default: the user who logs in next.
   * @throws ConfigurationError no device login waits with this code, or there is no such user
   */
  approveDevice(userCode: string, sub: string = this.#parts.browser.next): void {
    this.#parts.devices.decide(userCode, { sub: this.#sub(sub) });
  }

  /** @throws ConfigurationError no device login waits with this code */
  denyDevice(userCode: string): void {
    this.#parts.devices.decide(userCode, "denied");
  }

  /**
   * The next poll of a device login gets the error `slow_down`. An approval or a denial stays.
   * @throws ConfigurationError no device login waits with this code
   */
  slowDownDevice(userCode: string): void {
    this.#parts.devices.slowDown(userCode);
  }

  /**
   * The next request of an endpoint fails. Several faults of one endpoint concern the next requests, one after the other.
   * @throws ConfigurationError the endpoint or the fault is unknown
   */
  failNext(endpoint: FakeEndpoint, fault: FakeFault): void {
    this.#faults.add(endpoint, fault);
  }

  /** Cuts the network: no request arrives until `restoreNetwork()`. */
  cutNetwork(): void {
    this.#faults.isCut = true;
  }

  restoreNetwork(): void {
    this.#faults.isCut = false;
  }

  /** Sets the time before each response. Milliseconds. @throws ConfigurationError `ms` is negative or no number */
  setLatency(ms: number): void {
    checkNumber("ms", ms);
    this.#latencyMs = ms;
  }

  /**
   * Issues the tokens of a login without a login.
   * @throws ConfigurationError there is no such user or client, or an option is unknown or malformed
   */
  async issueTokens(options: FakeLoginOptions = {}): Promise<FakeTokenResponse> {
    checkLoginOptions(options);
    const { user, clientId, scope, resources = [] } = options;
    const { config, browser, grants } = this.#parts;
    const family = grants.open({
      sub: this.#sub(user ?? browser.next),
      clientId: this.clientId(clientId),
      scope: scope ?? ["openid", "profile", "email", "offline_access"],
      resources,
      authTime: Math.floor(config.clock.now() / 1_000),
    });
    return issueTokens(this.#parts, family, {});
  }

  /** Returns the `sub` of the user of a valid access token, for the fake API of a test. Otherwise returns undefined. */
  userOf(accessToken: string): string | undefined {
    return this.#parts.grants.loginOf(accessToken, this.now())?.sub;
  }

  /** Returns the time of the provider's clock. Milliseconds since the epoch. */
  now(): number {
    return this.#parts.config.clock.now();
  }

  /**
   * Returns the id of a client. Default: the first client.
   * @throws ConfigurationError there is no such client
   */
  clientId(clientId: string = this.#parts.config.clients[0]!.clientId): string {
    try {
      return clientOf(this.#parts, clientId).clientId;
    } catch (error) {
      throw new ConfigurationError("clientId", (error as Error).message, "Add it to `clients`.");
    }
  }

  #sub(sub: string): string {
    const user = findUser(this.#parts, sub);
    if (user) return user.sub;
    const known = this.#parts.config.users.map((user) => user.sub).join(", ");
    throw new ConfigurationError(
      "user",
      `the fake provider has no such user, but ${known}`,
      "Add the user to `users`.",
    );
  }

  async #record(endpoint: FakeEndpoint, request: Request): Promise<void> {
    const form = endpoint === "token" ? await request.text() : "";
    const type = new URLSearchParams(form).get("grant_type");
    const { method } = request;
    this.requests.push({ endpoint, method, ...(type !== null && { grantType: type }) });
  }
}

/**
 * Creates an OpenID provider for tests. Its `fetch` and `handle` respond to requests, for parts of Latchkey, MSW and
 * `playwrightRoute()`.
 * @throws ConfigurationError an option is unknown or malformed. `error.input` is the name of that option
 * @example
 * const provider = fakeProvider({ users: [{ sub: "ada", name: "Ada" }] });
 * const metadata = await provider.fetch(`${provider.issuer}/.well-known/openid-configuration`);
 * provider.failNext("token", { type: "status", status: 503, retryAfterS: 2 });
 */
export function fakeProvider(config: FakeProviderConfig = {}): FakeProvider {
  return new FakeProvider(config);
}
