import { generateKeyPairSync } from "node:crypto";
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { freePort, runProgram, startProgram, waitForAnswer } from "../process.ts";
import { ADA, GRACE, type AppToRegister, type RunningServer, type ServerKind } from "../server.ts";
import { installDebian } from "./debian.ts";

const VERSION = "2.7.5";
const SHARE = "/usr/share/glewlwyd";
const SCOPES = ["openid", "profile", "email"];

interface ClientBackend {
  readonly parameters: { readonly "data-format": Record<string, object> };
}

/** What the administration page fills in for a new OpenID Connect plugin. */
const DEFAULTS = JSON.parse(
  readFileSync(new URL("glewlwyd/plugin.json", import.meta.url), "utf8"),
) as object;

/** The Debian package with a SQLite database, set up by the requests that its administration page sends. */
export const GLEWLWYD: ServerKind = {
  name: "glewlwyd",
  setup: "as it comes",
  async start(app, folder) {
    await installDebian({
      packages: [`glewlwyd=${VERSION}-*`, "sqlite3=3.40.1-*"],
      files: ["/usr/bin/glewlwyd", "/usr/bin/sqlite3"],
      answers: "glewlwyd glewlwyd/config_type select No configuration",
      services: ["glewlwyd"],
    });
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    const config = await makeData(`${folder}/data`, port, app);
    const run = async () => {
      const log = `${folder}/server.log`;
      const program = startProgram("/usr/bin/glewlwyd", [`--config-file=${config}`], { log });
      await waitForAnswer(`${origin}/config`, program);
      return program;
    };
    let program = await run();

    const issuer = `${origin}/api/oidc`;
    const resource = `${origin}/notes`;
    const keys = [newKey()];
    const parameters = () => ({
      ...DEFAULTS,
      iss: issuer,
      "jwks-private": JSON.stringify({ keys }),
      "allowed-scope": SCOPES,
      "pkce-allowed": true,
      "name-claim-scope": ["profile"],
      "email-claim": "on-demand",
      "email-claim-scope": ["email"],
      "auth-type-device-enabled": true,
      "session-management-allowed": true,
      "resource-allowed": true,
      "resource-scope": { openid: [resource] },
    });
    const plugin = () => ({
      module: "oidc",
      name: "oidc",
      display_name: "OpenID Connect",
      parameters: parameters(),
    });
    const admin = await asAdministrator(origin);
    for (const name of SCOPES.slice(1)) {
      await admin("POST", "/scope/", { name, display_name: name, password_required: true });
    }
    await admin("POST", "/mod/plugin/", plugin());
    // A client of a new database has only `post_logout_redirect_uri`, which the plugin does not read.
    const clients = (await admin("GET", "/mod/client/database")) as ClientBackend;
    clients.parameters["data-format"]["post_logout_redirect_uris"] = {
      multiple: true,
      read: true,
      write: true,
    };
    await admin("PUT", "/mod/client/database", clients);
    await admin("PUT", "/mod/client/database/reset");
    await admin("POST", "/client/", {
      client_id: "web",
      name: "Web",
      confidential: false,
      enabled: true,
      redirect_uri: app.redirectUris,
      authorization_type: ["code", "refresh_token", "device_authorization"],
      token_endpoint_auth_method: ["none"],
      post_logout_redirect_uris: app.redirectUris,
      scope: [],
    });
    for (const { login, password, name, email } of [ADA, GRACE]) {
      await admin("POST", "/user/", { username: login, password, name, email, scope: SCOPES });
    }

    return {
      version: VERSION,
      config: { issuer, clientId: "web" },
      configured: [
        "`allow_origin` is the app's origin, and `external_url` is the server's.",
        "The OpenID Connect plugin has a key, and its issuer is `<external_url>/api/<plugin name>`.",
        "In the plugin, PKCE, session management and the device authorization are on.",
        "The claims `name` and `email` are on demand, for the scopes `profile` and `email`. The users have these scopes.",
        "The client backend has a property `post_logout_redirect_uris` with several values, and the client lists the URIs there.",
        "The client is not confidential, and has the authorization types `code`, `refresh_token` and `device_authorization`.",
      ],
      pages: {
        user: "#username",
        password: "#password",
        submit: "#loginbut",
        logOut: ".btn-danger:not(.dropdown-toggle)",
        // The page shows the scopes to tick, then a button that grants them, and then one that goes on.
        agree:
          '.form-check-input:not(:checked), .btn-primary:not([type="submit"]), .btn-success, button[type="submit"]:not(#loginbut)',
      },
      api: { resource },
      async endSessions(login) {
        const admin = await asAdministrator(origin);
        const end = async (list: string, hash: string, query = "") => {
          const entries = (await admin("GET", list + query)) as Record<string, string>[];
          for (const entry of entries) {
            await admin("DELETE", `${list}/${encodeURIComponent(entry[hash]!)}${query}`);
          }
        };
        await end(`/delegate/${login}/profile/session`, "session_hash");
        await end("/oidc/token", "token_hash", `?impersonate=${login}`);
      },
      async rotateKeys() {
        keys.unshift(newKey());
        const admin = await asAdministrator(origin);
        await admin("PUT", "/mod/plugin/oidc", plugin());
        await admin("PUT", "/mod/plugin/oidc/reset");
      },
      async restart(whileDown) {
        await program.stop();
        await whileDown();
        program = await run();
      },
      stop: () => program.stop(),
    } satisfies RunningServer;
  },
};

/** Makes the folder with the configuration, the database and the pages anew. Returns the path of the configuration. */
async function makeData(folder: string, port: number, app: AppToRegister): Promise<string> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const init = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3";
  await runProgram("sqlite3", [`${folder}/glewlwyd.db`, `.read ${init}`]);
  // Debian's package has a folder where the pages look for the file `config.json`.
  cpSync(`${SHARE}/webapp`, `${folder}/webapp`, {
    recursive: true,
    dereference: true,
    filter: (path) => !path.includes("config.json"),
  });
  copyFileSync(`${SHARE}/templates/config.json`, `${folder}/webapp/config.json`);
  const text = readFileSync("/etc/glewlwyd/glewlwyd.conf", "utf8")
    .replace(/^port=.*/m, `port=${port}`)
    .replace(/^#bind_address=/m, "bind_address=")
    .replace(/^external_url=.*/m, `external_url="http://localhost:${port}"`)
    .replace(/^static_files_path=.*/m, `static_files_path="${folder}/webapp/"`)
    .replace(/^allow_origin=.*/m, `allow_origin="${app.origin}"`)
    .replace("/var/cache/glewlwyd/glewlwyd.db", `${folder}/glewlwyd.db`);
  const path = `${folder}/glewlwyd.conf`;
  writeFileSync(path, text);
  return path;
}

/** Logs in as the administrator of a new database. Returns a function that sends a request to the administration. */
async function asAdministrator(origin: string) {
  const send = (method: string, path: string, body?: object, cookie = "") =>
    fetch(`${origin}/api${path}`, {
      method,
      headers: { Cookie: cookie, ...(body && { "Content-Type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
  const login = await send("POST", "/auth/", { username: "admin", password: "password" });
  const cookie = login.headers.getSetCookie().map((header) => header.split(";")[0]);
  return async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await send(method, path, body, cookie.join("; "));
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text && (JSON.parse(text) as unknown);
  };
}

function newKey(): object {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), alg: "RS256", kid: `key-${Date.now()}` };
}
