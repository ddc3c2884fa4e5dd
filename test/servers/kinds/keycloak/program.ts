import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rename, rm } from "node:fs/promises";
import { freePort, runProgram, startProgram, waitForAnswer } from "../../process.ts";
import { CannotStart } from "../../server.ts";

export const KEYCLOAK_VERSION = "26.7.3";

/** The oldest Java that runs this version. */
const OLDEST_JAVA = 21;

/** A first start builds the server and its database. Milliseconds. */
const START_MS = 400_000;

/** A running Keycloak without realms of an app. */
export interface KeycloakProgram {
  readonly origin: string;
  /**
   * Calls the administration API, and returns the parsed response.
   * @throws Error the API responds with a failure
   */
  readonly administrate: (
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    body?: object,
  ) => Promise<unknown>;
  /** Stops the program, calls `whileDown`, and starts the program on the same data. */
  restart(whileDown: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Installs Keycloak beside `folder`, where all setups share it, and starts it with an empty database in `folder`.
 * @throws CannotStart Java or Keycloak cannot be had, or Keycloak does not answer
 */
export async function startKeycloak(folder: string): Promise<KeycloakProgram> {
  const java = await findJava();
  const home = await install(`${folder}/..`);
  const data = `${folder}/data`;
  await rm(data, { recursive: true, force: true });
  await mkdir(data);
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const password = crypto.randomUUID();
  const start = async () => {
    const program = startProgram(
      "sh",
      [
        "bin/kc.sh",
        "start-dev",
        "--http-host=127.0.0.1",
        `--http-port=${port}`,
        `--db-url=jdbc:h2:file:${data}/keycloak;NON_KEYWORDS=VALUE`,
      ],
      {
        cwd: home,
        env: {
          JAVA_HOME: java,
          KC_BOOTSTRAP_ADMIN_USERNAME: "admin",
          KC_BOOTSTRAP_ADMIN_PASSWORD: password,
        },
        log: `${folder}/keycloak.log`,
      },
    );
    try {
      await waitForAnswer(`${origin}/realms/master`, program, START_MS);
    } catch (error) {
      await program.stop();
      throw error;
    }
    return program;
  };
  let running = await start();
  return {
    origin,
    async administrate(method, path, body) {
      const token = await adminToken(origin, password);
      const response = await fetch(`${origin}/admin/realms${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return text && (JSON.parse(text) as unknown);
    },
    async restart(whileDown) {
      await running.stop();
      await whileDown();
      running = await start();
    },
    stop: () => running.stop(),
  };
}

async function adminToken(origin: string, password: string): Promise<string> {
  const response = await fetch(`${origin}/realms/master/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "password",
      client_id: "admin-cli",
      username: "admin",
      password,
    }),
  });
  const { access_token: token } = (await response.json()) as { access_token?: string };
  if (!token) throw new Error(`the administrator's login was answered ${response.status}`);
  return token;
}

/** Returns the folder of the unpacked program. */
async function install(folder: string): Promise<string> {
  const name = `keycloak-${KEYCLOAK_VERSION}`;
  const home = `${folder}/${name}`;
  if (existsSync(home)) return home;
  // A run that ends in the middle leaves nothing that looks installed.
  const unpacked = await mkdtemp(`${folder}/unpacking-`);
  try {
    await runProgram("mvn", [
      "-B",
      "-q",
      "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack",
      `-Dartifact=org.keycloak:keycloak-quarkus-dist:${KEYCLOAK_VERSION}:zip`,
      `-DoutputDirectory=${unpacked}`,
      `-DmarkersDirectory=${unpacked}/markers`,
    ]);
    await rename(`${unpacked}/${name}`, home);
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
  return home;
}

/** Returns the home of a Java that is new enough. */
async function findJava(): Promise<string> {
  const system = "/usr/lib/jvm";
  const names = await readdir(system).catch(() => []);
  const homes = [process.env["JAVA_HOME"] ?? "", ...names.map((name) => `${system}/${name}`)];
  for (const home of homes) {
    const release = await readFile(`${home}/release`, "utf8").catch(() => "");
    const [, major] = /^JAVA_VERSION="(\d+)/m.exec(release) ?? [];
    if (Number(major) >= OLDEST_JAVA && existsSync(`${home}/bin/java`)) return home;
  }
  throw new CannotStart(`it needs Java ${OLDEST_JAVA} or newer, in JAVA_HOME or ${system}`);
}
