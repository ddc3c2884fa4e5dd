import { abortable } from "../../core/abortable.ts";
import { ConfigurationError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import { isSecureUrl, parseUrl } from "../../core/same-origin.ts";
import { has, isTexts } from "../../core/shape.ts";
import type { User } from "../../core/user.ts";
import { ADA, readUser, type TestUser } from "../fake-auth-config.ts";
import { oneOf, refuseUnknown } from "../refuse-unknown.ts";

/** A client that is registered at a `FakeProvider`. */
export interface FakeClient {
  readonly clientId: string;
  /** Default: the client is public, and sends no secret. */
  readonly clientSecret?: string;
  /** The registered redirect URIs, as absolute URLs. Default: every URL is accepted. */
  readonly redirectUris?: readonly string[];
  /** The registered URLs of pages after a logout. Default: every URL is accepted. */
  readonly postLogoutRedirectUris?: readonly string[];
}

/** The options of `fakeProvider()`. */
export interface FakeProviderConfig {
  /** The issuer, whose URL all endpoints begin with. Default: `https://id.example.com`. */
  readonly issuer?: string;
  /** Default: one public client with the id `web`. */
  readonly clients?: readonly FakeClient[];
  /** The users, each with its claims or only its `sub`. The first user logs in by default. Default: Ada Lovelace, `ada`. */
  readonly users?: readonly (TestUser | string)[];
  /**
   * `automatic`: the authorization endpoint logs a user in without a page, and redirects. `page`: it shows a page with a link
   * for each user. Default: `automatic`.
   */
  readonly login?: "automatic" | "page";
  /** Lifetime of access tokens. Seconds. Default: 300. */
  readonly accessTokenLifetimeS?: number;
  /** How long a refresh token works again after its first use. Milliseconds. Default: 0. */
  readonly reuseLeewayMs?: number;
  /** The `interval` between the polls of a device login. Seconds. Default: 5. */
  readonly deviceIntervalS?: number;
  /** The time before each response. Milliseconds. Default: 0. */
  readonly latencyMs?: number;
  /** The clock of tokens and latency. Default: the clock of the platform. */
  readonly clock?: Pick<Clock, "now" | "sleep">;
}

/** A validated configuration, with all defaults. */
export interface ProviderConfig extends Omit<Required<FakeProviderConfig>, "users"> {
  readonly users: readonly User[];
}

const platformClock: Pick<Clock, "now" | "sleep"> = {
  now: () => Date.now(),
  sleep: (ms, signal) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const slept = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    return abortable(slept, signal).finally(() => clearTimeout(timer));
  },
};

const DEFAULTS = {
  issuer: "https://id.example.com",
  clients: [{ clientId: "web" }],
  users: [ADA],
  login: "automatic",
  accessTokenLifetimeS: 300,
  reuseLeewayMs: 0,
  deviceIntervalS: 5,
  latencyMs: 0,
  clock: platformClock,
} as const satisfies Required<FakeProviderConfig>;

/**
 * Returns the configuration with its defaults.
 * @throws ConfigurationError an option is unknown or malformed. `error.input` is the name of that option
 */
export function readProviderConfig(given: FakeProviderConfig): ProviderConfig {
  refuseUnknown("fakeProvider()", given, Object.keys(DEFAULTS));
  const config: Required<FakeProviderConfig> = { ...DEFAULTS, ...given };
  checkIssuer(config.issuer);
  checkClients(config.clients);
  oneOf("login", config.login, ["automatic", "page"]);
  for (const name of ["accessTokenLifetimeS", "reuseLeewayMs", "deviceIntervalS"] as const)
    checkNumber(name, config[name]);
  checkNumber("latencyMs", config.latencyMs);
  if (!has(config.clock, { now: "function", sleep: "function" })) {
    throw new ConfigurationError(
      "clock",
      "it is not a clock",
      "Give an object with the methods now() and sleep(), such as new ManualClock().",
    );
  }
  return { ...config, users: readUsers(config.users) };
}

function readUsers(given: FakeProviderConfig["users"]): readonly User[] {
  if (!Array.isArray(given) || given.length === 0) {
    throw new ConfigurationError("users", "it is not a list of users", "Give at least one user.");
  }
  const users = given.map(readUser);
  checkDistinct("users", "sub", users);
  return users;
}

/** @throws ConfigurationError two members of the list `input` have the same `name` */
function checkDistinct<Name extends string>(
  input: string,
  name: Name,
  given: readonly Readonly<Record<Name, string>>[],
): void {
  if (new Set(given.map((one) => one[name])).size === given.length) return;
  const problem = `two ${input} have the same \`${name}\``;
  throw new ConfigurationError(input, problem, `Give each of them a \`${name}\` of its own.`);
}

/** @throws ConfigurationError `value` is negative or no number */
export function checkNumber(input: string, value: unknown): void {
  if (typeof value === "number" && value >= 0 && Number.isFinite(value)) return;
  throw new ConfigurationError(input, "it is not a number", "Give a number, 0 or more.");
}

function checkIssuer(issuer: string): void {
  const url = typeof issuer === "string" ? parseUrl(issuer) : undefined;
  const hasSecret = url && (url.username !== "" || url.password !== "");
  if (url && isSecureUrl(url) && !hasSecret && !url.search && !url.hash) return;
  throw new ConfigurationError(
    "issuer",
    "it is no URL of an issuer",
    'Give a URL with https and without a password, such as "https://id.example.com", or a URL of localhost.',
  );
}

const CLIENT_MEMBERS = ["clientId", "clientSecret", "redirectUris", "postLogoutRedirectUris"];

function checkClients(clients: readonly FakeClient[]): void {
  const isList = (value: unknown) =>
    value === undefined || (isTexts(value) && value.every((url) => parseUrl(url)));
  const isClient = (client: FakeClient) =>
    has(client, { clientId: "string", clientSecret: "string|undefined" }) &&
    client.clientId !== "" &&
    isList(client.redirectUris) &&
    isList(client.postLogoutRedirectUris);
  if (Array.isArray(clients) && clients.length > 0 && clients.every(isClient)) {
    for (const client of clients) refuseUnknown("a client", client, CLIENT_MEMBERS);
    checkDistinct("clients", "clientId", clients);
    return;
  }
  throw new ConfigurationError(
    "clients",
    "it is not a list of clients",
    'Give a list such as [{ clientId: "web", redirectUris: ["https://app.example.com/"] }].',
  );
}
