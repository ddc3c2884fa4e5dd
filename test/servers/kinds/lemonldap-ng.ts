import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freePort, runProgram, startProgram, waitForAnswer } from "../process.ts";
import { ADA, GRACE, type AppToRegister, type RunningServer, type ServerKind } from "../server.ts";
import { installDebian } from "./debian.ts";

const VERSION = "2.16.1";
const HOME = "/var/lib/lemonldap-ng";
/** Modules that the portal loads with its default settings, and that its package only recommends. */
const PERL_MODULES = [
  "libdbd-sqlite3-perl",
  "libgd-securityimage-perl",
  "libimage-magick-perl",
  "libstring-random-perl",
  "libio-string-perl",
  "libemail-sender-perl",
  "libmime-tools-perl",
  "libconvert-pem-perl",
  "libcrypt-openssl-bignum-perl",
];
const TOOLS = "/usr/share/lemonldap-ng/bin";

/** The portal of the Debian package, with users from a SQLite database and one relying party. */
export const LEMONLDAP_NG: ServerKind = {
  name: "LemonLDAP::NG",
  setup: "as it comes",
  async start(app, folder) {
    await installDebian({
      packages: [`lemonldap-ng=${VERSION}*`, "starman", "sqlite3=3.40.1-*", ...PERL_MODULES],
      files: ["/usr/bin/starman", `${TOOLS}/rotateOidcKeys`, "/usr/share/perl5/String/Random.pm"],
      services: ["llng-fastcgi-server"],
    });
    const port = await freePort();
    const issuer = `http://localhost:${port}/`;
    const data = `${folder}/data`;
    await makeData(data, issuer, app);
    const env = { LLNG_DEFAULTCONFFILE: `${data}/lemonldap-ng.ini` };
    const psgi = fileURLToPath(new URL("lemonldap-ng/portal.psgi", import.meta.url));
    const run = async () => {
      const listen = ["--listen", `127.0.0.1:${port}`, "--workers", "3", "--preload-app"];
      const log = `${folder}/server.log`;
      const program = startProgram("/usr/bin/starman", [...listen, psgi], { env, log });
      await waitForAnswer(`${issuer}.well-known/openid-configuration`, program);
      return program;
    };
    let program = await run();
    const restart = async (whileDown: () => Promise<void>) => {
      await program.stop();
      await whileDown();
      program = await run();
    };
    return {
      version: VERSION,
      config: { issuer, clientId: "web" },
      configured: [
        "The OpenID Connect issuer is on, and has a key.",
        "The relying party is a *public client*, its ID tokens are signed with `RS256`, and *Use refresh tokens* is on.",
        "It exports the attributes `name` and `email`.",
        "Its *Allowed redirection addresses for login* and *for logout* have the app's URIs.",
        "*CORS* has the app's origin. Without a change, every origin is allowed.",
      ],
      pages: {
        user: 'input[name="user"]',
        password: 'input[name="password"]',
        submit: 'button.btn-success[type="submit"]',
        agree: "button.positive",
        deny: "button.negative",
        logOut: "button.positive",
      },
      async endSessions(login) {
        const where = ["--where", `uid=${login}`];
        await runProgram(
          `${TOOLS}/lemonldap-ng-sessions`,
          ["--user", "root", "--group", "root", "delete", ...where],
          { env },
        );
      },
      async rotateKeys() {
        await runProgram(`${TOOLS}/rotateOidcKeys`, [], { env });
      },
      restart,
      stop: () => program.stop(),
    } satisfies RunningServer;
  },
};

/** Makes the folder with the configuration, the sessions and the users anew. */
async function makeData(folder: string, portal: string, app: AppToRegister): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  for (const name of [
    "conf",
    "sessions/lock",
    "psessions/lock",
    "cache",
    "notifications",
    "captcha",
  ])
    mkdirSync(`${folder}/${name}`, { recursive: true });
  const moved = (text: string) => text.replaceAll(HOME, folder);
  const ini = moved(readFileSync("/etc/lemonldap-ng/lemonldap-ng.ini", "utf8"));
  writeFileSync(`${folder}/lemonldap-ng.ini`, ini);
  const rows = [ADA, GRACE].map(({ login, password, name, email }) =>
    [login, password, name, email].map((text) => `'${text}'`).join(", "),
  );
  await runProgram("sqlite3", [
    `${folder}/users.db`,
    `CREATE TABLE users (uid, password, cn, mail); INSERT INTO users VALUES (${rows.join("), (")});`,
  ]);
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const conf = {
    ...(JSON.parse(moved(readFileSync(`${HOME}/conf/lmConf-1.json`, "utf8"))) as object),
    portal,
    domain: "localhost",
    corsAllow_Origin: app.origin,
    authentication: "DBI",
    userDB: "DBI",
    passwordDB: "DBI",
    dbiAuthChain: `dbi:SQLite:dbname=${folder}/users.db`,
    dbiAuthTable: "users",
    dbiAuthLoginCol: "uid",
    dbiAuthPasswordCol: "password",
    dbiExportedVars: { uid: "uid", cn: "cn", mail: "mail" },
    issuerDBOpenIDConnectActivation: 1,
    oidcServicePrivateKeySig: privateKey.export({ type: "pkcs1", format: "pem" }),
    oidcServicePublicKeySig: publicKey.export({ type: "spki", format: "pem" }),
    oidcServiceKeyIdSig: "first",
    oidcRPMetaDataOptions: {
      web: {
        oidcRPMetaDataOptionsClientID: "web",
        oidcRPMetaDataOptionsPublic: 1,
        oidcRPMetaDataOptionsIDTokenSignAlg: "RS256",
        oidcRPMetaDataOptionsRefreshToken: 1,
        oidcRPMetaDataOptionsRedirectUris: app.redirectUris.join(" "),
        oidcRPMetaDataOptionsPostLogoutRedirectUris: app.redirectUris.join(" "),
      },
    },
    oidcRPMetaDataExportedVars: { web: { name: "cn", email: "mail" } },
  };
  writeFileSync(`${folder}/conf/lmConf-1.json`, JSON.stringify(conf));
}
