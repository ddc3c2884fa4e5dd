import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freePort, runProgram, startProgram, waitForAnswer } from "../process.ts";
import { ADA, GRACE, type ServerKind } from "../server.ts";

const PACKAGES = ["authlib==1.9.6", "flask==3.1.3", "sqlalchemy==2.0.44", "joserfc==1.8.0"];
const APP = fileURLToPath(new URL("authlib/app.py", import.meta.url));

/** A Flask app of one file with the grants and endpoints that Authlib's documentation shows for an OpenID provider. */
export const AUTHLIB: ServerKind = {
  name: "Authlib",
  setup: "as an app of one file",
  async start(app, folder) {
    const python = await install(folder);
    const data = `${folder}/data`;
    rmSync(data, { recursive: true, force: true });
    mkdirSync(data);
    const port = await freePort();
    const issuer = `http://localhost:${port}`;
    const settings = {
      issuer,
      port,
      origin: app.origin,
      users: [ADA, GRACE],
      secret: randomBytes(32).toString("hex"),
      client: {
        scope: "openid profile email",
        token_endpoint_auth_method: "none",
        grant_types: [
          "authorization_code",
          "refresh_token",
          "urn:ietf:params:oauth:grant-type:device_code",
        ],
        response_types: ["code"],
        redirect_uris: app.redirectUris,
        post_logout_redirect_uris: app.redirectUris,
      },
    };
    const run = async (newKey = false) => {
      writeFileSync(`${data}/settings.json`, JSON.stringify({ ...settings, newKey }));
      const env = { AUTHLIB_INSECURE_TRANSPORT: "1" };
      const program = startProgram(python, [APP], { cwd: data, env, log: `${folder}/app.log` });
      await waitForAnswer(`${issuer}/.well-known/openid-configuration`, program).catch(
        async (error: unknown) => {
          await program.stop();
          throw error;
        },
      );
      return program;
    };
    let running = await run();
    return {
      version: "1.9.6",
      config: { issuer, clientId: "web" },
      configured: [
        "`OAUTH2_REFRESH_TOKEN_GENERATOR = True`. Without it, no client gets a refresh token.",
        'The client has `token_endpoint_auth_method: "none"`, and so have `TOKEN_ENDPOINT_AUTH_METHODS` of each grant and `CLIENT_AUTH_METHODS` of the revocation endpoint.',
        "`INCLUDE_NEW_REFRESH_TOKEN = True` in the refresh grant, if `revoke_old_credential()` revokes the used refresh token.",
        "The app itself publishes the metadata and the keys, and sends the CORS headers.",
      ],
      pages: {
        user: 'input[name="username"]',
        password: 'input[name="password"]',
        submit: '[type="submit"]',
        agree: 'button[value="yes"]',
        deny: 'button[value="no"]',
        userCode: 'input[name="user_code"]',
        logOut: 'button[value="yes"]',
      },
      async endSessions(sub) {
        const sql = `DELETE FROM tokens WHERE user_id = '${sub}'`;
        const script = `import sqlite3; db = sqlite3.connect("${data}/data.sqlite"); db.execute("${sql}"); db.commit()`;
        await runProgram(python, ["-c", script]);
      },
      async rotateKeys() {
        await running.stop();
        running = await run(true);
      },
      async restart(whileDown) {
        await running.stop();
        await whileDown();
        running = await run();
      },
      stop: () => running.stop(),
    };
  },
};

/** Installs the packages into a virtual environment. Returns the path of its Python. */
async function install(folder: string): Promise<string> {
  const python = `${folder}/environment/bin/python`;
  if (existsSync(`${folder}/installed`)) return python;
  await runProgram("python3", ["-m", "venv", `${folder}/environment`]);
  await runProgram(python, ["-m", "pip", "install", "--quiet", ...PACKAGES]);
  writeFileSync(`${folder}/installed`, PACKAGES.join("\n"));
  return python;
}
