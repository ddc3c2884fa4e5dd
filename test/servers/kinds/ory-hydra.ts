import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { buildGoProgram } from "../go.ts";
import { freePort, runProgram, startProgram, waitForAnswer } from "../process.ts";
import {
  ADA,
  CannotStart,
  GRACE,
  type AppToRegister,
  type RunningServer,
  type ServerKind,
} from "../server.ts";
import { startHydraPages, type Admin } from "./ory-hydra/pages.ts";

const VERSION = "v2.3.0";

/** Ory Hydra with SQLite and pages of our own for the login, the consent and the logout. */
export const ORY_HYDRA: ServerKind = {
  name: "Ory Hydra",
  setup: "as it comes",
  async start(app, folder) {
    const program = await buildGoProgram(folder, {
      path: "github.com/ory/hydra/v2",
      version: VERSION,
      tags: ["sqlite", "json1"],
      replacements: [
        "github.com/gobuffalo/pop/v6=github.com/ory/pop/v6@v6.2.1-0.20241121111754-e5dfc0f3344b",
      ],
    });
    const [port, adminPort] = [await freePort(), await freePort()];
    const issuer = `http://localhost:${port}`;
    const admin = adminAt(`http://localhost:${adminPort}`);
    const pages = await startHydraPages(admin, [ADA, GRACE]);
    const config = configure(`${folder}/data`, app, { port, adminPort, pages: pages.origin });
    await runProgram(program, ["migrate", "sql", "up", "-e", "--yes", "-c", config]);
    const listen = async () => {
      const args = ["serve", "all", "--dev", "--sqa-opt-out", "-c", config];
      const started = startProgram(program, args, { log: `${folder}/log` });
      await waitForAnswer(`http://localhost:${adminPort}/health/ready`, started);
      return started;
    };
    let running = await listen();
    await admin("POST", "/admin/clients", {
      client_id: "web",
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      scope: "openid profile email offline_access",
      redirect_uris: app.redirectUris,
      post_logout_redirect_uris: app.redirectUris,
    });
    return {
      version: VERSION.slice(1),
      config: { issuer, clientId: "web" },
      configured: [
        'A client with `token_endpoint_auth_method: "none"`, the `grant_types` `authorization_code` and `refresh_token`, and `openid profile email offline_access` in its `scope`.',
        "`serve.public.cors.enabled` is true, and `serve.public.cors.allowed_origins` has the app's origin.",
        "The login page accepts with `remember: true`. Without it, Hydra asks for every login.",
        "The consent page gives the names in `session.id_token`, such as `{ name, email }`. Hydra itself knows no users.",
      ],
      pages: {
        user: 'input[name="user"]',
        password: 'input[name="password"]',
        submit: 'button[value="accept"]',
        agree: 'button[value="accept"]',
        deny: 'button[value="reject"]',
        logOut: 'button[value="accept"]',
      },
      async endSessions(sub) {
        await admin("DELETE", `/admin/oauth2/auth/sessions/login?subject=${sub}`);
        await admin("DELETE", `/admin/oauth2/auth/sessions/consent?subject=${sub}&all=true`);
      },
      async rotateKeys() {
        const key = { alg: "RS256", use: "sig", kid: randomUUID() };
        await admin("POST", "/admin/keys/hydra.openid.id-token", key);
      },
      async restart(whileDown) {
        await running.stop();
        await whileDown();
        running = await listen();
      },
      async stop() {
        await running.stop();
        await pages.close();
      },
    } satisfies RunningServer;
  },
};

/** Writes Hydra's configuration into a new folder, and returns its file. JSON is YAML, too. */
function configure(
  folder: string,
  { origin }: AppToRegister,
  { port, adminPort, pages }: { port: number; adminPort: number; pages: string },
): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const config = {
    dsn: `sqlite://${folder}/db.sqlite?_fk=true`,
    serve: {
      public: { host: "127.0.0.1", port, cors: { enabled: true, allowed_origins: [origin] } },
      admin: { host: "127.0.0.1", port: adminPort },
    },
    urls: {
      self: { issuer: `http://localhost:${port}` },
      login: `${pages}/login`,
      consent: `${pages}/consent`,
      logout: `${pages}/logout`,
    },
    secrets: { system: [randomBytes(24).toString("base64url")] },
  };
  const file = `${folder}/hydra.json`;
  writeFileSync(file, JSON.stringify(config));
  return file;
}

function adminAt(url: string): Admin {
  return async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      ...(body && {
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      }),
    });
    const text = await response.text();
    if (!response.ok) throw new CannotStart(`${method} ${path.split("?")[0]}: ${text}`);
    return text === "" ? {} : (JSON.parse(text) as Awaited<ReturnType<Admin>>);
  };
}
