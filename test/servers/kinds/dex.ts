import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:http2";
import { buildGoProgram } from "../go.ts";
import {
  freePort,
  runProgram,
  startProgram,
  waitForAnswer,
  type RunningProcess,
} from "../process.ts";
import {
  ADA,
  CannotStart,
  GRACE,
  type AppToRegister,
  type RunningServer,
  type ServerKind,
} from "../server.ts";

const API = "github.com/dexidp/dex/api/v2";
const COMMIT = "20260806151424-ab64ed778070";

const ETCD = "3.4.23-4+b4";

/** The passwords of the users, hashed by bcrypt. Dex takes no others. */
const USERS = [
  { ...ADA, hash: "$2a$10$yRsHHCgrrxfLM9xqLVzoueYUdoJVVeEKPQgo4uh.xq1nDjR2W1W8." },
  { ...GRACE, hash: "$2a$10$eJ3JZA.XcgZPnHVtxqKxjuFq.5VyrY1i/XtyEhvdRLEsQq7Ug1b2C" },
];

/**
 * Dex with its own list of passwords and etcd. With SQLite or in memory, this version waits for itself forever at each refresh:
 * it reads a session while the storage is locked by its own change of the refresh token.
 */
export const DEX: ServerKind = {
  name: "Dex",
  setup: "as it comes",
  async start(app, folder) {
    const program = await buildGoProgram(folder, {
      path: "github.com/dexidp/dex/cmd/dex",
      version: `v0.0.0-${COMMIT}`,
      replacements: [`${API}=${API}@v2.4.1-0.${COMMIT}`],
    });
    rmSync(`${folder}/data`, { recursive: true, force: true });
    mkdirSync(`${folder}/data`, { recursive: true });
    const etcd = await startEtcd(folder);
    const [port, adminPort] = [await freePort(), await freePort()];
    const issuer = `http://localhost:${port}`;
    const config = configure(`${folder}/data`, app, { port, adminPort, etcd: etcd.url });
    const listen = async () => {
      const started = startProgram(program, ["serve", config], { log: `${folder}/log` });
      await waitForAnswer(`${issuer}/.well-known/openid-configuration`, started);
      return started;
    };
    let running = await listen();
    const revoke = (login: string) =>
      callApi(`http://localhost:${adminPort}`, "RevokeRefresh", [subjectOf(login), "web"]);
    return {
      version: `master of ${COMMIT.slice(0, 8)}`,
      config: { issuer, clientId: "web" },
      configured: [
        "A client in `staticClients` with `public: true` and `redirectURIs`.",
        "`web.allowedOrigins` has the app's origin.",
      ],
      pages: {
        user: 'input[name="login"]',
        userIs: "email",
        password: 'input[name="password"]',
        submit: "#submit-login",
        agree: 'input[value="approve"] ~ button',
        deny: 'input[value="rejected"] ~ button',
        userCode: "#user_code",
      },
      lacks: { keys: "it changes its keys by the clock only, every 6 hours" },
      endSessions: revoke,
      revokeRefreshToken: (_token, login) => revoke(login),
      async restart(whileDown) {
        await running.stop();
        await whileDown();
        running = await listen();
      },
      async stop() {
        await running.stop();
        await etcd.process.stop();
      },
    } satisfies RunningServer;
  },
};

/** Writes Dex's configuration into `folder`, and returns its file. JSON is YAML, too. */
function configure(
  folder: string,
  { origin, redirectUris }: AppToRegister,
  { port, adminPort, etcd }: { port: number; adminPort: number; etcd: string },
): string {
  const config = {
    issuer: `http://localhost:${port}`,
    storage: { type: "etcd", config: { endpoints: [etcd] } },
    web: { http: `127.0.0.1:${port}`, allowedOrigins: [origin] },
    grpc: { addr: `127.0.0.1:${adminPort}` },
    staticClients: [
      {
        id: "web",
        name: "Web",
        public: true,
        redirectURIs: [...redirectUris, "/device/callback"],
        postLogoutRedirectURIs: redirectUris,
      },
    ],
    enablePasswordDB: true,
    staticPasswords: USERS.map(({ login, name, email, hash }) => ({
      email,
      hash,
      username: login,
      name,
      userID: login,
    })),
  };
  const file = `${folder}/dex.json`;
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** Unpacks Debian's etcd below `folder`, so that no service starts, and starts it on the data of this run. */
async function startEtcd(folder: string): Promise<{ url: string; process: RunningProcess }> {
  const unpacked = `${folder}/etcd-${ETCD}`;
  if (!existsSync(unpacked)) {
    await runProgram("apt-get", ["download", `etcd-server=${ETCD}`], { cwd: folder });
    const machine = (await runProgram("dpkg", ["--print-architecture"])).trim();
    await runProgram("dpkg-deb", ["-x", `etcd-server_${ETCD}_${machine}.deb`, unpacked], {
      cwd: folder,
    });
  }
  const [url, peers] = [
    `http://127.0.0.1:${await freePort()}`,
    `http://127.0.0.1:${await freePort()}`,
  ];
  const args = [
    `--data-dir=${folder}/data/etcd`,
    ...[`--listen-client-urls=${url}`, `--advertise-client-urls=${url}`],
    ...[`--listen-peer-urls=${peers}`, `--initial-advertise-peer-urls=${peers}`],
    `--initial-cluster=default=${peers}`,
  ];
  const log = `${folder}/data/etcd.log`;
  const process = startProgram(`${unpacked}/usr/bin/etcd`, args, { log });
  await waitForAnswer(`${url}/health`, process);
  return { url, process };
}

/** The `sub` of a user: a message of the user's id and the connector's id. */
const subjectOf = (login: string): string => message([login, "local"]).toString("base64url");

/** A message of protocol buffers whose fields are strings of less than 128 bytes. */
function message(fields: readonly string[]): Buffer {
  const parts = fields.map((field, i) => {
    const bytes = Buffer.from(field);
    return Buffer.concat([Buffer.from([((i + 1) << 3) | 2, bytes.length]), bytes]);
  });
  return Buffer.concat(parts);
}

/**
 * Calls a method of Dex's gRPC API, the only administration that Dex has.
 * @see https://dexidp.io/docs/configuration/api/
 */
async function callApi(url: string, method: string, fields: readonly string[]): Promise<void> {
  const session = connect(url);
  const body = message(fields);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  try {
    const status = await new Promise<unknown>((resolve, reject) => {
      const stream = session.request({
        ":method": "POST",
        ":path": `/api.Dex/${method}`,
        "content-type": "application/grpc",
        te: "trailers",
      });
      let received = Buffer.alloc(0);
      stream.on("data", (chunk: Buffer) => (received = Buffer.concat([received, chunk])));
      // A response that is not empty says that the token was not found.
      stream.on("trailers", (trailers) =>
        resolve(received.length > 5 ? "not found" : trailers["grpc-status"]),
      );
      stream.on("error", reject);
      session.on("error", reject);
      stream.end(Buffer.concat([head, body]));
    });
    if (status !== "0") throw new CannotStart(`${method}: ${String(status)}`);
  } finally {
    session.close();
  }
}
