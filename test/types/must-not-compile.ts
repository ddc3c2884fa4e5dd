import {
  createAuth,
  createFetch,
  createTokenManager,
  importSession,
  isAuthError,
  type Auth,
  type AuthState,
  type LoginPrompt,
  type TokenManager,
} from "../../src/index.ts";
import {
  contextKey,
  CustomGrant,
  RefreshGrant,
  StaticGrant,
  TokenContext,
  type ContextKey,
  type Grant,
  type StandardSchema,
} from "../../src/parts.ts";
import { fakeAuth, fakeProvider } from "../../src/testing.ts";

/** The claims of an app whose `createAuth({ claims: schema })` returns an `Auth<AppClaims>`. */
interface AppClaims {
  readonly sub: string;
  readonly roles: readonly string[];
}
declare const ada: AppClaims;
declare function showRoles(auth: Auth<AppClaims>): void;

/**
 * `npm run types` compiles this file. If a line under a `@ts-expect-error` compiles, `npm run types` fails. Nothing here runs.
 */
export function mustNotCompile(
  auth: Auth,
  state: AuthState,
  inner: Grant,
  manager: TokenManager,
): void {
  // @ts-expect-error the client id is missing
  createAuth({ issuer: "https://id.example.com", redirectUri: "/" });
  const web = { issuer: "https://id.example.com", clientId: "web", redirectUri: "/" };
  // @ts-expect-error a client in a browser has no secret
  createAuth({ ...web, clientSecret: "s" });
  // @ts-expect-error a user agent has the method open()
  createAuth({ ...web, userAgent: { navigate: () => {} } });
  showRoles(fakeAuth({ user: { sub: "ada", roles: ["admin"] } }));
  showRoles(fakeAuth({ user: ada }));
  showRoles(fakeAuth<AppClaims>({ user: "ada" }));
  fakeAuth().setUser(ada);
  fakeProvider({ users: [ada] });
  // @ts-expect-error the claims of the user have no roles
  showRoles(fakeAuth({ user: { sub: "ada" } }));
  // @ts-expect-error the claims of the user have no roles
  fakeAuth<AppClaims>({ user: { sub: "ada" } });
  // @ts-expect-error a user has a `sub`
  fakeAuth({ user: { name: "Ada" } });
  // @ts-expect-error `scope` is a list
  void auth.getToken({ scope: "openid profile" });
  // @ts-expect-error the value is unknown
  void auth.getToken({ cache: "no-store" });
  // @ts-expect-error the prompt is unknown
  void auth.login({ prompt: "never" });
  void auth.login({ prompt: "login consent", parameters: { ui_locales: "de" } });
  // @ts-expect-error `none` is not a part of a list
  void auth.login({ prompt: "none login" });
  // @ts-expect-error the value of a parameter is a string
  void auth.login({ parameters: { max_age: 3 } });
  // @ts-expect-error `getToken()` returns a promise of the token
  auth.getToken().toUpperCase();
  // @ts-expect-error only some states have a user
  void state.user.sub;
  // @ts-expect-error the state is read-only
  state.status = "anonymous";
  // @ts-expect-error the token itself is not in the state
  if (state.status === "authenticated") void state.token.accessToken;
  // @ts-expect-error `switchUser()` needs the `sub` of a user
  void auth.switchUser();
  // @ts-expect-error the claims of a user are read-only
  void auth.getUser().then((user) => user && (user.claims["role"] = "admin"));

  // @ts-expect-error without `allow`, no API gets the token
  createFetch({ getToken: (options) => auth.getToken(options) });
  // @ts-expect-error a token manager needs a provider
  createTokenManager({ service: "billing" });
  // @ts-expect-error the value is unknown
  void manager.invalidateToken({ refreshToken: "drop" });
  // @ts-expect-error the source of the session is missing
  void importSession({ issuer: "https://id.example.com", clientId: "web" });

  // @ts-expect-error `RefreshGrant` needs a refresher
  void new RefreshGrant(inner, {});
  // @ts-expect-error a token response has an access token
  void new StaticGrant({ tokenType: "Bearer", expiresAt: 0, scope: [] });
  // @ts-expect-error a custom grant returns tokens
  void new CustomGrant(async () => "token");
  // @ts-expect-error the values of a key have the type of the key
  TokenContext.of(contextKey<string>("tenant"), 7);
  // @ts-expect-error a key of a string is no key of a string or a number
  const wider: ContextKey<string | number> = contextKey<string>("tenant");
  // @ts-expect-error nor the other way round
  const narrower: ContextKey<string> = contextKey<string | number>("tenant");
  // @ts-expect-error a key of a subtype is no key of its base type
  const base: ContextKey<object> = contextKey<{ id: string }>("tenant");
  void [wider, narrower, base];
  // @ts-expect-error the type of the choice is unknown
  const prompt: LoginPrompt = { chooseUser: async () => ({ type: "cancel" }) };
  void prompt;
}

/** A schema for the claims gives the claims their type. */
export async function claimsHaveTheirType(schema: StandardSchema<{ role: string }>): Promise<void> {
  const auth = createAuth({ issuer: "x", clientId: "web", redirectUri: "/", claims: schema });
  const user = await auth.getUser();
  const role: string | undefined = user?.claims.role;
  void role;
  // @ts-expect-error the schema has no such claim
  void user?.claims.rank;
  // @ts-expect-error the role is a string
  if (auth.state.status === "authenticated") auth.state.user.claims.role = 7;
  const untyped: Auth = auth;
  void untyped;
}

/** The `code` of an error narrows its class. */
export function mustNotNarrow(error: unknown): void {
  if (!isAuthError(error) || error.code !== "configuration") return;
  // @ts-expect-error only a RefreshTokenError has a reason
  void error.reason;
}

/** An error that is not of Latchkey keeps its type. */
export function mustNotNarrowTooFar(error: Error & { readonly status: number }): number {
  if (!isAuthError(error)) return error.status;
  // @ts-expect-error some errors have no reason
  void error.reason;
  if (error.code === "timeout") return error.pending ? 1 : 0;
  // @ts-expect-error only a TimeoutError is pending
  void error.pending;
  // @ts-expect-error Latchkey has no such code
  return error.code === "offline" ? 1 : error.status;
}
