import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "puppeteer-core";
import { freePort, runProgram, startProgram, waitForAnswer } from "../process.ts";
import {
  ADA,
  CannotStart,
  GRACE,
  type AppToRegister,
  type RunningServer,
  type ServerKind,
  type ServerUser,
} from "../server.ts";

const VERSION = "7.0.6 (Spring Boot 4.0.7)";
const SOURCES = fileURLToPath(new URL("spring-authorization-server", import.meta.url));

const CONFIGURED = [
  "A `RegisteredClient` with `ClientAuthenticationMethod.NONE`, `requireProofKey(true)`, the scopes `openid`, `profile` and `email`, and your redirect URIs.",
  "A bean `corsConfigurationSource` for the app's origin, and `http.cors()` in the filter chain of the endpoints.",
  "An `OAuth2TokenCustomizer<JwtEncodingContext>` adds `name` and `email` to the ID token. Without it, ID token and userinfo have no names.",
  "`deviceAuthorizationEndpoint()` and `deviceVerificationEndpoint()` switch the device flow on.",
];

/** A Spring Boot app as the documentation begins: it keeps sessions, tokens and keys in memory. */
export const SPRING_AUTHORIZATION_SERVER: ServerKind = {
  name: "Spring Authorization Server",
  setup: "as it comes",
  start: (app, folder) => start(app, folder),
};

/** The same app with tokens in a database. It also authenticates public clients for refreshes, revocations and device logins. */
export const SPRING_AUTHORIZATION_SERVER_REFRESH: ServerKind = {
  name: "Spring Authorization Server",
  setup: "with refresh tokens for public clients",
  start: (app, folder) => start(app, folder, "refresh"),
};

async function start(
  app: AppToRegister,
  folder: string,
  profile?: "refresh",
): Promise<RunningServer> {
  const { classes, libraries } = await install(folder);
  const data = `${folder}/data`;
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data);
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  // The administrator's deletions reach the database while the server runs.
  const database = `jdbc:h2:file:${data}/tokens;AUTO_SERVER=TRUE`;
  const schema = "classpath:org/springframework/security/oauth2/server/authorization/oauth2";
  const settings = {
    server: { port, address: "127.0.0.1" },
    spring: {
      profiles: { active: profile ?? "default" },
      security: { oauth2: { authorizationserver: { issuer } } },
      ...(profile && {
        datasource: { url: database, username: "sa", password: "" },
        sql: {
          init: {
            mode: "always",
            "continue-on-error": true,
            "schema-locations": `${schema}-authorization-schema.sql,${schema}-authorization-consent-schema.sql`,
          },
        },
      }),
    },
    app: {
      origin: app.origin,
      "redirect-uris": app.redirectUris.join(","),
      users: [ADA, GRACE]
        .map(({ login, password, name, email }) => [login, password, name, email].join(":"))
        .join(","),
      keys: `${data}/keys.json`,
    },
  };
  const run = async (isNewKey = false) => {
    const program = startProgram("java", ["-cp", `${classes}:${libraries}/*`, "Server"], {
      cwd: data,
      env: {
        SPRING_APPLICATION_JSON: JSON.stringify({
          ...settings,
          app: { ...settings.app, "new-key": isNewKey },
        }),
      },
      log: `${folder}/server.log`,
    });
    await waitForAnswer(`${issuer}/.well-known/openid-configuration`, program).catch(
      async (error: unknown) => {
        await program.stop();
        throw error;
      },
    );
    return program;
  };
  let running = await run();
  const server: RunningServer = {
    version: VERSION,
    config: { issuer, clientId: "web", scope: ["openid", "profile", "email"] },
    configured: profile
      ? [
          ...CONFIGURED,
          "An `OAuth2TokenGenerator` of your own, because the default one gives refresh tokens to no public client.",
          "An `AuthenticationConverter` and an `AuthenticationProvider` of your own accept refreshes, revocations and device logins with a `client_id` alone.",
          "A `JdbcOAuth2AuthorizationService`, and keys that outlast a restart.",
        ]
      : CONFIGURED,
    pages: {
      user: 'input[name="username"]',
      password: 'input[name="password"]',
      submit: '[type="submit"]',
      agree: "#submit-consent",
    },
    approveDevice,
    async restart(whileDown) {
      await running.stop();
      await whileDown();
      running = await run();
    },
    stop: () => running.stop(),
  };
  if (!profile) {
    const keys = "it makes its key at the start, and forgets its sessions then";
    return { ...server, lacks: { keys, administrator: "it has no administration" } };
  }
  return {
    ...server,
    async endSessions(sub) {
      const sql = `DELETE FROM oauth2_authorization WHERE principal_name = '${sub}'`;
      const shell = ["-url", database, "-user", "sa", "-sql", sql];
      await runProgram("java", ["-cp", `${libraries}/*`, "org.h2.tools.Shell", ...shell]);
    },
    async rotateKeys() {
      await running.stop();
      running = await run(true);
    },
  };
}

/** Logs in, selects every scope of the consent page, and agrees. */
async function approveDevice(page: Page, user: ServerUser): Promise<void> {
  await page.type('input[name="username"]', user.login);
  await page.type('input[name="password"]', user.password);
  await Promise.all([page.waitForNavigation(), page.click('[type="submit"]')]);
  for (const scope of await page.$$('input[name="scope"]')) await scope.click();
  await Promise.all([page.waitForNavigation(), page.click("#submit-consent")]);
}

/** Loads the libraries that are missing, and compiles the server. */
async function install(folder: string): Promise<{ classes: string; libraries: string }> {
  const libraries = `${folder}/libraries`;
  const classes = `${folder}/classes`;
  if (!existsSync(libraries)) {
    cpSync(`${SOURCES}/pom.xml`, `${folder}/pom.xml`);
    const goal = ["dependency:copy-dependencies", `-DoutputDirectory=${libraries}.new`];
    await runProgram("mvn", ["--quiet", "--batch-mode", ...goal], { cwd: folder });
    cpSync(`${libraries}.new`, libraries, { recursive: true });
    rmSync(`${libraries}.new`, { recursive: true });
  }
  rmSync(classes, { recursive: true, force: true });
  const path = ["-cp", `${libraries}/*`, "-d", classes];
  await runProgram("javac", ["-parameters", ...path, `${SOURCES}/Server.java`]);
  if (!existsSync(`${classes}/Server.class`)) throw new CannotStart("javac made no classes");
  return { classes, libraries };
}
