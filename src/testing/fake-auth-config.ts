import type { GetTokenOptions, LoginOptions, LogoutOptions } from "../core/auth-options.ts";
import type { AuthStatus, TokenSummary } from "../core/auth-state.ts";
import { ConfigurationError } from "../core/errors.ts";
import { has, isObject, isTexts, text } from "../core/shape.ts";
import { toUser, type User } from "../core/user.ts";
import { oneOf, refuseUnknown } from "./refuse-unknown.ts";

/** The claims of a user of a test. `sub` is required. */
export type TestUser =
  | { readonly sub: string; readonly [claim: string]: unknown }
  // An object whose type is an interface.
  | { readonly sub: string };

/** The token of a `FakeAuth`. Each member has a default. */
export interface FakeToken extends Partial<TokenSummary> {
  /** Default: `token of <sub>`. */
  readonly accessToken?: string;
  /** What `getIdToken()` returns. Default: undefined. */
  readonly idToken?: string;
  /** Default: `fresh`. */
  readonly freshness?: "fresh" | "stale";
}

/** Returns the token of a `getToken()` call, or rejects as `getToken()` should reject. */
export type TokenFunction = (options: GetTokenOptions) => string | Promise<string>;

/** The lifetime of a token whose expiry the test does not set. Milliseconds. */
export const LIFETIME_MS = 300_000;

/** The options of `fakeAuth()`. */
export interface FakeAuthConfig<Claims extends object = Readonly<Record<string, unknown>>> {
  /**
   * The claims or the `sub` of the user. With `state`, `login()` signs this user in. Default: no user is signed in, and `login()`
   * signs Ada Lovelace in, whose `sub` is `ada`.
   */
  readonly user?: (Claims & { readonly sub: string }) | string;
  /** The access token, or all about the token, or a function that `getToken()` calls. Default: the text `token of <sub>`. */
  readonly token?: FakeToken | TokenFunction | string;
  /** The first state, or only its `status`. Default: `authenticated` with `user`, and otherwise `anonymous`. */
  readonly state?: AuthStatus<Claims> | AuthStatus["status"];
}

/** The arguments of all calls of a `FakeAuth`, by method, in their order. */
export interface FakeAuthCalls {
  readonly getToken: GetTokenOptions[];
  readonly login: LoginOptions[];
  readonly logout: LogoutOptions[];
  readonly logoutAll: Pick<LogoutOptions, "parameters">[];
  readonly forget: string[];
  readonly switchUser: string[];
  /** Copies of the requests that `fetch` has sent, with the token. */
  readonly fetch: Request[];
}

/** Performs a login of a `FakeAuth`. Returns the user who has logged in, or rejects as `login()` should reject. */
export type LoginFunction = (
  options: LoginOptions,
) => TestUser | string | Promise<TestUser | string>;

/** The user who is signed in by `login()`, if the test has named no user. */
export const ADA: TestUser = {
  sub: "ada",
  name: "Ada Lovelace",
  email: "ada@example.com",
  email_verified: true,
};

const STATUSES: readonly AuthStatus["status"][] = [
  "loading",
  "unavailable",
  "anonymous",
  "authenticating",
  "authenticated",
  "expired",
];
/** The members of a token, and their types. */
const TOKEN_MEMBERS: Readonly<Record<keyof FakeToken, string>> = {
  accessToken: "string",
  idToken: "string",
  freshness: "string",
  scope: "array",
  expiresAt: "number",
  origin: "string",
  isRenewable: "boolean",
};

/**
 * Validates the options of `fakeAuth()`.
 * @throws ConfigurationError an option is unknown or malformed. `error.input` is the name of that option
 */
export function checkFakeAuth(config: FakeAuthConfig): void {
  refuseUnknown("fakeAuth()", config, ["user", "token", "state"]);
  const { user, token, state } = config;
  if (user !== undefined) readUser(user);
  if (token !== undefined && typeof token !== "function") readToken(token);
  if (state !== undefined) checkState(state);
}

/**
 * Returns a `User` with these claims, or with this `sub`.
 * @throws ConfigurationError `user` has no `sub`
 */
export function readUser(user: TestUser | string): User {
  const claims = typeof user === "string" ? { sub: user, name: user } : user;
  if (isObject(claims) && typeof claims.sub === "string" && claims.sub !== "")
    return toUser(claims);
  throw new ConfigurationError(
    "user",
    "it has no `sub`",
    'Give the claims of a user, such as { sub: "ada", name: "Ada" }, or only the `sub`.',
  );
}

/**
 * Returns a token with the given members.
 * @throws ConfigurationError `token` is malformed. The message does not contain the token
 */
export function readToken(token: FakeToken | string): FakeToken {
  if (typeof token === "string" && token !== "") return { accessToken: token };
  if (typeof token === "object" && token !== null) {
    refuseUnknown("token", token, Object.keys(TOKEN_MEMBERS));
    for (const [name, types] of Object.entries(TOKEN_MEMBERS)) checkMember(token, name, types);
    if (token.freshness !== undefined) oneOf("freshness", token.freshness, ["fresh", "stale"]);
    if (token.scope !== undefined && !isTexts(token.scope))
      throw new ConfigurationError("scope", "it is not a list of texts", "Give a list of scopes.");
    return token;
  }
  throw new ConfigurationError(
    "token",
    "it is no token",
    "Give the text of an access token, an object such as { accessToken, expiresAt }, or a function for getToken().",
  );
}

/** `types`: results of `typeof`, or `array`, separated by `|`. The message does not contain the value. */
function checkMember(token: FakeToken, name: string, types: string): void {
  if (has(token, { [name]: `${types}|undefined` }) && Reflect.get(token, name) !== "") return;
  const problem = "this member of `token` is empty or has a wrong type";
  throw new ConfigurationError(name, problem, `Its type is ${types}.`);
}

/** @throws ConfigurationError `state` is no state of an `Auth` */
export function checkState(state: AuthStatus | AuthStatus["status"]): void {
  const status: unknown = isObject(state) ? state["status"] : state;
  oneOf("state", status, STATUSES);
  if (status === "authenticated" && isObject(state) && !("user" in state && "token" in state)) {
    throw new ConfigurationError(
      "state",
      "the state `authenticated` has no user or no token",
      'Give state: "authenticated" with the option `user`, or call setUser().',
    );
  }
  checkMembers(state);
  if (status === "unavailable") checkHas(state, status, { error: "object" });
  if (status === "anonymous" || status === "expired") checkHas(state, status, { reason: "string" });
}

/** Checks the user and the token of a whole state. A message does not contain them. */
function checkMembers(state: unknown): void {
  if (!isObject(state)) return;
  const { user, token } = state;
  if (user !== undefined && text(isObject(user) ? user["sub"] : undefined) === undefined) {
    throw new ConfigurationError(
      "state",
      "its `user` has no `sub`",
      'Give only the status, such as state: "expired", with the option `user`.',
    );
  }
  if (token !== undefined && !has(token, { expiresAt: "number", scope: "array" })) {
    throw new ConfigurationError(
      "state",
      "its `token` has no time `expiresAt`, or no list `scope`",
      'Give only the status, state: "authenticated", with the option `token`, whose members have defaults.',
    );
  }
}

/** `members`: the members that the state needs, and their types. A state that is only a text gets all its members. */
function checkHas(state: unknown, status: string, members: Readonly<Record<string, string>>): void {
  if (!isObject(state) || has(state, members)) return;
  const [name = ""] = Object.keys(members);
  throw new ConfigurationError(
    "state",
    `the state \`${status}\` has no \`${name}\``,
    `Give state: "${status}", which has a default, or add \`${name}\`.`,
  );
}

/** Returns the whole state for a `status`. `user`: the user of the states that have a user. */
export function statusOf(
  status: AuthStatus["status"],
  user: User,
  token: FakeToken,
  now: number,
): AuthStatus {
  switch (status) {
    case "loading":
    case "authenticating":
      return { status };
    case "anonymous":
      return { status, reason: "none" };
    case "expired":
      return { status, reason: "session_ended", user };
    case "unavailable":
      return {
        status,
        error: new ConfigurationError(
          "indexedDB",
          "this page has no IndexedDB",
          "This is the state `unavailable` of fakeAuth().",
        ),
      };
    case "authenticated":
      break;
  }
  const { freshness = "fresh", scope = [], origin = "this-tab", isRenewable = true } = token;
  const expiresAt = token.expiresAt ?? now + LIFETIME_MS;
  return {
    status,
    reason: "login",
    user,
    freshness,
    token: { scope, expiresAt, origin, isRenewable },
  };
}
