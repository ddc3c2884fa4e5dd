import { decodeJwt, type JWTPayload } from "jose";
import type { User } from "../../core/user.ts";
import type { DeviceLogins } from "./device-logins.ts";
import type { GrantStore } from "./grant-store.ts";
import { RefusedRequest } from "./http.ts";
import type { FakeClient, ProviderConfig } from "./provider-config.ts";
import type { SigningKeys } from "./signing-keys.ts";

/** The objects that the endpoints of a `FakeProvider` share. */
export interface ProviderParts {
  readonly config: ProviderConfig;
  readonly keys: SigningKeys;
  readonly grants: GrantStore;
  readonly devices: DeviceLogins;
  readonly browser: BrowserSession;
}

/** The provider's session in the browser. A `FakeProvider` has one browser, and needs no cookie. */
export interface BrowserSession {
  /** The `sub` of the user who is logged in at the provider. */
  sub: string | undefined;
  /** When the user authenticated. Seconds since the epoch. */
  authTime: number;
  /** The `sub` of the user who logs in next. */
  next: string;
}

/** @throws RefusedRequest there is no client with this id */
export function clientOf({ config }: ProviderParts, clientId: string | null): FakeClient {
  const client = config.clients.find((known) => known.clientId === clientId);
  if (client) return client;
  const known = config.clients.map((client) => client.clientId).join(", ");
  throw new RefusedRequest("invalid_client", `The fake provider knows the clients ${known}.`, 401);
}

/** Returns the user with this `sub`, or else with this email. */
export function findUser({ config }: ProviderParts, hint: string | null): User | undefined {
  if (hint === null) return undefined;
  const { users } = config;
  return users.find(({ sub }) => sub === hint) ?? users.find(({ email }) => email === hint);
}

/** Returns the claims of `id_token_hint`, which is not verified. Without a readable hint, there are no claims. */
export function hintClaims(parameters: URLSearchParams): JWTPayload {
  try {
    return decodeJwt(parameters.get("id_token_hint") ?? "");
  } catch {
    return {};
  }
}

/** Returns the scopes in a parameter. */
export function scopesIn(parameters: URLSearchParams): readonly string[] {
  return (parameters.get("scope") ?? "").split(" ").filter((name) => name !== "");
}
