import {
  ADA,
  GRACE,
  type AppToRegister,
  type RunningServer,
  type ServerKind,
  type ServerUser,
} from "../server.ts";
import { KEYCLOAK_VERSION, startKeycloak, type KeycloakProgram } from "./keycloak/program.ts";

/** What a setup changes in a new realm. */
interface Setup {
  readonly realm: string;
  /** Settings of the realm, by the names of the administration API. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Settings of the app's client. */
  readonly client?: Readonly<Record<string, unknown>>;
  /** Client ids of other apps in the realm. */
  readonly others?: readonly string[];
  /** The scopes that the app requests. Default: what Latchkey requests by default. */
  readonly scope?: readonly string[];
  readonly configured?: readonly string[];
  /** An optional client scope of an API, which the realm and the client get. */
  readonly apiScope?: string;
  readonly deny?: string;
}

/** With these scopes, Keycloak keeps the browser's session. With `offline_access` in the first login, it ends the session. */
const ONLINE = ["openid", "profile", "email"];

/** A new realm with a public client, and nothing else that is not needed. */
export const KEYCLOAK = kind("as it comes", { realm: "plain", scope: ONLINE });

/** The same with the scope `offline_access`, which Latchkey requests by default. */
export const KEYCLOAK_OFFLINE = kind("with offline_access", { realm: "offline" });

/** A used refresh token ends the session. */
export const KEYCLOAK_REVOKING = kind("refresh token revocation", {
  realm: "revoking",
  scope: ONLINE,
  settings: { revokeRefreshToken: true, refreshTokenMaxReuse: 0 },
  configured: ["_Revoke Refresh Token_ is on, and _Refresh Token Max Reuse_ is 0."],
});

/** Tokens of seconds, sessions of minutes, three apps, an API, and a client that asks for a consent. */
export const KEYCLOAK_SHORT_LIVED = kind("short lifetimes and several clients", {
  realm: "short",
  settings: {
    accessTokenLifespan: 30,
    ssoSessionIdleTimeout: 300,
    ssoSessionMaxLifespan: 600,
  },
  client: { consentRequired: true },
  others: ["reports", "shop"],
  apiScope: "orders",
  scope: [...ONLINE, "orders"],
  configured: [
    "An access token lives for 30 seconds, the session for 5 minutes without a refresh, and for 10 minutes in all.",
    "_Consent required_ is on in the client.",
    "The API has an optional client scope, which the client is assigned to.",
  ],
  deny: 'input[name="cancel"], button[name="cancel"]',
});

function kind(setup: string, realm: Setup): ServerKind {
  return {
    name: "Keycloak",
    setup,
    async start(app, folder) {
      const program = await startKeycloak(folder);
      try {
        await createRealm(program, realm, app);
      } catch (error) {
        await program.stop();
        throw error;
      }
      return running(program, realm);
    },
  };
}

function running(program: KeycloakProgram, setup: Setup): RunningServer {
  const { realm, scope, configured = [], apiScope, deny } = setup;
  return {
    version: KEYCLOAK_VERSION,
    config: {
      issuer: `${program.origin}/realms/${realm}`,
      clientId: "web",
      ...(scope && { scope }),
    },
    configured: [
      "A client without _Client authentication_.",
      "The redirect URIs of the app are in _Valid redirect URIs_ and in _Valid post logout redirect URIs_.",
      "The origin of the app is in _Web origins_.",
      "For device logins: _OAuth 2.0 Device Authorization Grant_ is on in the client.",
      ...configured,
    ],
    pages: {
      user: "#username",
      password: "#password",
      submit: "#kc-login",
      otherUser: "#reset-login",
      agree: 'input[name="accept"], button[name="accept"]',
      ...(deny && { deny }),
      logOut: "#kc-logout",
    },
    ...(apiScope && { api: { scope: apiScope } }),
    async endSessions(login) {
      const { administrate } = program;
      const users = `/${realm}/users`;
      const [user] = (await administrate(
        "GET",
        `${users}?exact=true&username=${login}`,
      )) as Named[];
      const [client] = (await administrate("GET", `/${realm}/clients?clientId=web`)) as Named[];
      await administrate("POST", `${users}/${user!.id}/logout`);
      // That leaves the sessions of `offline_access`, except tokens that are older than this second.
      const offline = `${users}/${user!.id}/offline-sessions/${client!.id}`;
      for (const { id } of (await administrate("GET", offline)) as Named[])
        await administrate("DELETE", `/${realm}/sessions/${id}?isOffline=true`);
    },
    async rotateKeys() {
      // The key with the highest priority signs. The others go on verifying.
      await program.administrate("POST", `/${realm}/components`, {
        name: `rsa-${Date.now()}`,
        providerId: "rsa-generated",
        providerType: "org.keycloak.keys.KeyProvider",
        config: { priority: [String(Math.floor(Date.now() / 1000))] },
      });
    },
    restart: (whileDown) => program.restart(whileDown),
    stop: () => program.stop(),
  };
}

async function createRealm(
  program: KeycloakProgram,
  { realm, settings, client, others = [], apiScope }: Setup,
  app: AppToRegister,
): Promise<void> {
  const { administrate } = program;
  await administrate("POST", "", { realm, enabled: true, ...settings });
  for (const user of [ADA, GRACE]) await administrate("POST", `/${realm}/users`, userOf(user));
  if (apiScope) {
    await administrate("POST", `/${realm}/client-scopes`, {
      name: apiScope,
      protocol: "openid-connect",
      attributes: { "include.in.token.scope": "true" },
    });
  }
  for (const clientId of ["web", ...others]) {
    await administrate("POST", `/${realm}/clients`, clientOf(clientId, app, client));
  }
  if (!apiScope) return;
  const scopes = (await administrate("GET", `/${realm}/client-scopes`)) as Named[];
  const clients = (await administrate("GET", `/${realm}/clients?clientId=web`)) as Named[];
  const { id } = scopes.find(({ name }) => name === apiScope)!;
  await administrate("PUT", `/${realm}/clients/${clients[0]!.id}/optional-client-scopes/${id}`);
}

interface Named {
  readonly id: string;
  readonly name: string;
}

function clientOf(clientId: string, app: AppToRegister, settings: object = {}): object {
  return {
    clientId,
    publicClient: true,
    redirectUris: app.redirectUris,
    webOrigins: [app.origin],
    attributes: {
      "post.logout.redirect.uris": app.redirectUris.join("##"),
      "oauth2.device.authorization.grant.enabled": "true",
    },
    ...settings,
  };
}

function userOf({ login, password, name, email }: ServerUser): object {
  const [firstName, lastName] = name.split(" ");
  return {
    username: login,
    enabled: true,
    firstName,
    lastName,
    email,
    credentials: [{ type: "password", value: password, temporary: false }],
  };
}
