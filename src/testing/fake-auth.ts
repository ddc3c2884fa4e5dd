import type { Auth } from "../core/auth.ts";
import type { AuthStatus } from "../core/auth-state.ts";
import type {
  FakeAuthCalls,
  FakeAuthConfig,
  FakeToken,
  LoginFunction,
  TestUser,
  TokenFunction,
} from "./fake-auth-config.ts";
import { FakeAuthManager } from "./fake-auth-manager.ts";

/** An `Auth` without a server and without a store. A test reads its calls and sets its state. */
export interface FakeAuth<
  Claims extends object = Readonly<Record<string, unknown>>,
> extends Auth<Claims> {
  readonly calls: FakeAuthCalls;
  /** The number of listeners of `subscribe()` that were not removed. */
  readonly listeners: number;
  /**
   * Publishes a state. `state`: the whole state, or its `status`.
   * @throws ConfigurationError `state` is no state of an `Auth`
   */
  setState(state: AuthStatus<Claims> | AuthStatus["status"]): void;
  /**
   * Publishes that `user` is signed in. `token`: the access token, or all about the token. Default: the text `token of <sub>`. A
   * function that `setToken()` has set is still called.
   * @throws ConfigurationError `user` has no `sub`, or `token` is malformed
   */
  setUser(user: TestUser | string, token?: FakeToken | string): void;
  /**
   * Sets what `getToken()` returns from now on, for this tab's user and for each user to whom `setUser()` has given no token. The
   * published state stays.
   * @throws ConfigurationError `token` is malformed
   */
  setToken(token: FakeToken | TokenFunction | string): void;
  /** Sets what `login()` does from now on. Default: the user of `fakeAuth()` logs in. */
  setLogin(login: LoginFunction): void;
}

/**
 * Creates an `Auth` for tests of components. It needs no server, no IndexedDB and no secure context, and works in jsdom,
 * happy-dom, Node and browsers. `login()` and `logout()` change its state as an app sees it. `Claims`: the claims of the user, as
 * the schema `claims` of `createAuth()` returns them.
 * @throws ConfigurationError an option is unknown or malformed. `error.input` is the name of that option
 * @example
 * const auth = fakeAuth({ user: { sub: "ada", name: "Ada" }, token: "t1" });
 * const token = await auth.getToken(); // "t1"
 * auth.setState("expired");
 */
export function fakeAuth<Claims extends object>(
  config: FakeAuthConfig<Claims> & { readonly user: Claims & { readonly sub: string } },
): FakeAuth<Claims>;
export function fakeAuth<Claims extends object = Readonly<Record<string, unknown>>>(
  config?: FakeAuthConfig<NoInfer<Claims>>,
): FakeAuth<Claims>;
// `ReturnType<typeof fakeAuth>` is what the last signature returns.
export function fakeAuth(config?: FakeAuthConfig): FakeAuth;
export function fakeAuth(config: FakeAuthConfig = {}): FakeAuth {
  return new FakeAuthManager(config);
}
