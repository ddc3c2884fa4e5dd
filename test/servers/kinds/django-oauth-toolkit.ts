import { generateKeyPairSync } from "node:crypto";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import { freePort, runProgram, startProgram, waitForAnswer } from "../process.ts";
import { ADA, GRACE, type AppToRegister, type RunningServer, type ServerKind } from "../server.ts";

const VERSIONS = {
  django: "5.2.19",
  "django-oauth-toolkit": "3.4.1",
  "django-cors-headers": "4.9.0",
};
const HELPERS = fileURLToPath(new URL("django-oauth-toolkit/", import.meta.url));

/** The PyPI package in a project as `django-admin startproject` makes it, with OpenID Connect switched on. */
export const DJANGO_OAUTH_TOOLKIT: ServerKind = {
  name: "django-oauth-toolkit",
  setup: "as it comes",
  async start(app, folder) {
    const python = await install(folder);
    const port = await freePort();
    const project = `${folder}/data`;
    const manage = (...args: string[]) =>
      runProgram(python, ["manage.py", ...args], { cwd: project });
    const shell = (code: string) => manage("shell", "--no-imports", "-c", code);
    await makeProject(python, project, app);
    await manage("migrate", "--verbosity", "0");
    const uris = app.redirectUris.join(" ");
    await manage(
      ...["createapplication", "public", "authorization-code", "--client-id", "web"],
      ...["--name", "Web", "--algorithm", "RS256"],
      ...["--redirect-uris", uris, "--post-logout-redirect-uris", uris],
    );
    await shell(
      [
        "from django.contrib.auth.models import User",
        ...[ADA, GRACE].map(({ login, email, password, name }) => {
          const [first, last] = name.split(" ");
          return `User.objects.create_user(*${JSON.stringify([login, email, password])}, first_name="${first}", last_name="${last}")`;
        }),
      ].join("\n"),
    );

    const issuer = `http://localhost:${port}/o`;
    const run = async () => {
      const program = startProgram(
        python,
        ["manage.py", "runserver", "--noreload", `127.0.0.1:${port}`],
        { cwd: project, log: `${folder}/server.log` },
      );
      await waitForAnswer(`${issuer}/.well-known/openid-configuration`, program);
      return program;
    };
    let program = await run();
    const restart = async (whileDown: () => Promise<void>) => {
      await program.stop();
      await whileDown();
      program = await run();
    };
    return {
      version: VERSIONS["django-oauth-toolkit"],
      config: { issuer, clientId: "web", scope: ["openid", "profile", "email"] },
      configured: [
        "`OIDC_ENABLED` is on, and `OIDC_RSA_PRIVATE_KEY` has a key.",
        "The application has the client type *Public*, the grant type *Authorization code* and the algorithm `RS256`.",
        "`SCOPES` has `openid`, `profile` and `email`.",
        "`OAUTH2_VALIDATOR_CLASS` names a class whose `get_additional_claims()` returns `name` and `email`.",
        "`CORS_ALLOWED_ORIGINS` of django-cors-headers has the app's origin.",
        "`OIDC_RP_INITIATED_LOGOUT_ENABLED` is on, and the application has the post logout redirect URIs.",
      ],
      pages: {
        user: 'input[name="username"]',
        password: 'input[name="password"]',
        submit: '[type="submit"]',
        agree: 'input[name="allow"]',
        deny: '#authorizationForm input[value="Cancel"]',
        logOut: 'input[value="Logout"]',
      },
      api: { resource: `http://localhost:${port}/api` },
      async endSessions(login) {
        // The same as the administration's pages do for the tokens of a user.
        await shell(
          [
            "from oauth2_provider.models import AccessToken, RefreshToken",
            `RefreshToken.objects.filter(user__username="${login}").delete()`,
            `AccessToken.objects.filter(user__username="${login}").delete()`,
          ].join("\n"),
        );
      },
      async revokeRefreshToken(token) {
        await shell(
          `from oauth2_provider.models import RefreshToken\nRefreshToken.objects.get(token="${token}").revoke()`,
        );
      },
      async rotateKeys() {
        writeKey(project);
        await restart(async () => {});
      },
      restart,
      stop: () => program.stop(),
    } satisfies RunningServer;
  },
};

/** Installs the packages into a virtual environment below `folder`, and returns its Python. */
async function install(folder: string): Promise<string> {
  const packages = Object.entries(VERSIONS).map(([name, version]) => `${name}==${version}`);
  const python = `${folder}/venv/bin/python`;
  const done = `${folder}/venv/${packages.join(",")}`;
  if (existsSync(done)) return python;
  await runProgram("python3", ["-m", "venv", "--clear", `${folder}/venv`]);
  await runProgram(python, ["-m", "pip", "install", "--quiet", ...packages]);
  writeFileSync(done, "");
  return python;
}

/** Makes a new project in `project`, with its settings, one key and an empty database. */
async function makeProject(python: string, project: string, app: AppToRegister): Promise<void> {
  rmSync(project, { recursive: true, force: true });
  mkdirSync(`${project}/templates/registration`, { recursive: true });
  await runProgram(python, ["-m", "django", "startproject", "project", project]);
  for (const file of ["settings_more.py", "claims.py", "urls.py"]) {
    copyFileSync(HELPERS + file, `${project}/project/${file}`);
  }
  copyFileSync(`${HELPERS}login.html`, `${project}/templates/registration/login.html`);
  appendFileSync(
    `${project}/project/settings.py`,
    "\nfrom project.settings_more import extend\n\nextend(globals())\n",
  );
  writeFileSync(`${project}/place.json`, JSON.stringify({ origin: app.origin }));
  writeKey(project);
}

/** Writes a key that is used from the next start on. Its name sorts after the names of the older ones. */
function writeKey(project: string): void {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  writeFileSync(`${project}/key-${Date.now()}.pem`, pem, { mode: 0o600 });
}
