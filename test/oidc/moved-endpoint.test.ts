import { beforeEach, describe, expect, test } from "vitest";
import type { Endpoints } from "../../src/core/endpoints.ts";
import type { TokenRecord } from "../../src/core/session.ts";
import { targetKey } from "../../src/core/token-target.ts";
import { createServer, type OidcServer } from "../../src/oidc/server.ts";
import type { Sender } from "../../src/oidc/token/send-refresh-token.ts";
import { testDocuments, type TestDocuments } from "./documents.ts";
import { CLIENT, fakeFetch, ISSUER, json, testClock, testRequests } from "./support.ts";

/** The endpoints of a server move while sessions are stored. */

const OLD = "https://old.example.com";
const NEW = "https://new.example.com";
const document = (host: string) => ({
  issuer: ISSUER,
  authorization_endpoint: `${host}/authorize`,
  token_endpoint: `${host}/token`,
  userinfo_endpoint: `${host}/userinfo`,
  revocation_endpoint: `${host}/revoke`,
  end_session_endpoint: `${host}/logout`,
  jwks_uri: `${host}/jwks`,
});
const GOOD = { access_token: "at2", token_type: "Bearer", expires_in: 60, refresh_token: "rt2" };

let clock = testClock();
let requests = testRequests();
let documents: TestDocuments;
/** The host that the metadata names. */
let host: string;
/** Returns the response of the old host. */
let old: () => Response;
let fetch: ReturnType<typeof fakeFetch>;

beforeEach(() => {
  clock = testClock();
  requests = testRequests();
  documents = testDocuments();
  host = OLD;
  old = () => json(GOOD);
  fetch = fakeFetch(({ url }) => {
    if (url.startsWith(ISSUER)) return json(document(host));
    if (url.startsWith(OLD)) return old();
    return url.endsWith("/jwks") ? json({ keys: [{ kid: "k1" }] }) : json(GOOD);
  });
});

const open = (endpoints?: Endpoints): OidcServer =>
  createServer({
    issuer: ISSUER,
    clientId: CLIENT,
    endpoints,
    requests,
    documents,
    clock,
    fetch,
    tokenTimeoutMs: 1_000,
    discoveryTimeoutMs: 1_000,
  });
const urls = () => fetch.sent.map(({ url }) => url);
const METADATA = `${ISSUER}/.well-known/openid-configuration`;

const PREVIOUS = { user: { sub: "ada", claims: {} } };

/** One turn of the refresh machine. Returns the type of the result. */
async function turn(sender: Sender): Promise<string> {
  await sender.prepare();
  clock.add(1_000);
  const { type } = await sender.send({ refreshToken: "rt1", previous: PREVIOUS });
  return type;
}

/** A page whose browser has stored the metadata of the old host. */
async function loadPage(): Promise<Sender> {
  const page = open();
  await page.endSession({});
  fetch.sent.length = 0;
  return page.loadSender();
}

describe("a refresh token", () => {
  test.each<[string, () => Response, string]>([
    ["responds 404", () => json({ error: "not_found" }, 404), "refused"],
    ["responds 404 with a page", () => new Response("<h1>Not here", { status: 404 }), "refused"],
    ["responds 410", () => new Response(null, { status: 410 }), "refused"],
    ["responds 405", () => new Response(null, { status: 405 }), "refused"],
    [
      "closes the connection, or has a wrong certificate",
      () => {
        throw new TypeError("Failed to fetch");
      },
      "unknown",
    ],
    [
      "responds with a page that offers the domain",
      () => new Response("<h1>Buy this domain"),
      "unknown",
    ],
  ])("A7: is sent to the new host when the old one %s", async (_, response, first) => {
    const sender = await loadPage();
    host = NEW;
    old = response;
    expect(await turn(sender)).toBe(first);
    expect(await turn(sender)).toBe("moved");
    expect(await turn(sender)).toBe("tokens");
    expect(urls()).toEqual([`${OLD}/token`, METADATA, `${NEW}/token`]);
  });

  test("A7: is sent to the new host when the old one does not respond", async () => {
    const page = createServer({
      issuer: ISSUER,
      clientId: CLIENT,
      requests: testRequests(),
      documents,
      clock,
      fetch: (url, init) => (url.startsWith(OLD) ? new Promise(() => {}) : fetch(url, init)),
      tokenTimeoutMs: 10,
      discoveryTimeoutMs: 1_000,
    });
    await page.endSession({});
    const sender = await page.loadSender();
    host = NEW;
    expect(await turn(sender)).toBe("unknown");
    expect(await turn(sender)).toBe("moved");
    expect(await turn(sender)).toBe("tokens");
  });

  test("A7: is not sent to the old host from a page that is loaded a day later", async () => {
    await loadPage();
    host = NEW;
    clock.add(86_400_000);
    const sender = await open().loadSender();
    expect(await turn(sender)).toBe("moved");
    expect(await turn(sender)).toBe("tokens");
    expect(urls()).toEqual([METADATA, `${NEW}/token`]);
  });

  test("A7: is not sent to the old host after another tab has read newer metadata", async () => {
    const sender = await loadPage();
    host = NEW;
    clock.add(3_600_000);
    expect(await open().endSession({})).toContain(`${NEW}/logout`);
    fetch.sent.length = 0;
    expect(await turn(sender)).toBe("tokens");
    expect(urls()).toEqual([`${NEW}/token`]);
  });

  test("A7: is sent to the configured endpoint, not to the one in the session's record", async () => {
    const send = async (tokenEndpoint: string) => {
      const authorizationEndpoint = `${OLD}/authorize`;
      const sender = await open({ authorizationEndpoint, tokenEndpoint }).loadSender();
      const stored = { refreshToken: "rt1", tokenEndpoint: `${OLD}/token`, previous: PREVIOUS };
      await sender.prepare();
      return (await sender.send(stored)).type;
    };
    expect(await send("https://one.example.com/token")).toBe("tokens");
    expect(await send("https://two.example.com/token")).toBe("tokens");
    expect(urls()).toEqual(["https://one.example.com/token", "https://two.example.com/token"]);
  });

  test("A7: causes one request per turn while the server is down, metadata included", async () => {
    const sender = await loadPage();
    old = () => {
      throw new TypeError("Failed to fetch");
    };
    const types: string[] = [];
    for (let minute = 0; minute < 60; minute++) {
      for (let pause = 0; pause < 3; pause++) {
        types.push(await turn(sender));
        clock.add(19_000);
      }
    }
    expect(types.slice(0, 3)).toEqual(["unknown", "not_rotated", "unknown"]);
    expect(new Set(types)).toEqual(new Set(["unknown", "not_rotated"]));
    expect(fetch.sent).toHaveLength(180);
    expect(urls().filter((url) => url === METADATA).length).toBeLessThanOrEqual(32);
  });

  test("A7: is sent to the endpoint of the last metadata while the server publishes none", async () => {
    await loadPage();
    clock.add(2 * 86_400_000);
    const serve = fetch;
    fetch = fakeFetch((sent) =>
      sent.url === METADATA ? json({}, 503) : serve(sent.url, sent.init),
    );
    const sender = await open().loadSender();
    expect(await turn(sender)).toBe("not_rotated");
    expect(await turn(sender)).toBe("tokens");
    expect(urls()).toEqual([METADATA, `${OLD}/token`]);
  });
});

describe("the other endpoints", () => {
  test("A7: userinfo, revocation and end session use the current metadata", async () => {
    const page = open();
    await page.userinfo("at1");
    host = NEW;
    old = () => json({}, 404);
    await expect(page.userinfo("at1")).rejects.toMatchObject({ code: "user_fetch" });
    fetch.sent.length = 0;
    await page.userinfo("at1");
    await page.revoke("rt1");
    expect(await page.endSession({})).toContain(`${NEW}/logout`);
    expect(urls()).toEqual([METADATA, `${NEW}/userinfo`, `${NEW}/revoke`]);
  });

  const authorizeAt = (page: OidcServer) => () =>
    page.authorize({ redirectUri: "https://app.example.com/" });

  test("A7: a login uses the new authorization endpoint ten minutes after a login that did not come back", async () => {
    const authorize = authorizeAt(open());
    expect(await authorize()).toContain(`${OLD}/authorize`);
    host = NEW;
    clock.add(599_999);
    expect(await authorize()).toContain(`${OLD}/authorize`);
    clock.add(1);
    expect(await authorize()).toContain(`${NEW}/authorize`);
  });

  test("A7: after logins that came back, a login sends no request for a day, and one in the background after an hour", async () => {
    const HOUR = 3_600_000;
    const authorize = authorizeAt(open());
    await authorize();
    requests.rows.clear();
    clock.add(HOUR - 1);
    await authorize();
    requests.rows.clear();
    expect(urls()).toEqual([METADATA]);
    host = NEW;
    clock.add(1);
    expect(await authorize()).toContain(`${OLD}/authorize`);
    requests.rows.clear();
    await expect.poll(urls).toEqual([METADATA, METADATA]);
    expect(await authorize()).toContain(`${NEW}/authorize`);
    expect(urls()).toEqual([METADATA, METADATA]);
  });

  test("A7: keys come from the current jwks_uri", async () => {
    const record: TokenRecord = {
      idToken: "e30.e30.x",
      idTokenVerified: false,
      user: { sub: "ada", claims: {} },
      access: {},
    };
    old = () => json({ keys: [{ kid: "k1" }] });
    const page = open();
    await page.verify(record, "fetched");
    expect(urls()).toEqual([METADATA, `${OLD}/jwks`]);
    host = NEW;
    clock.add(86_400_000);
    await page.verify(record, "fetched");
    expect(urls().slice(2)).toEqual([METADATA, `${NEW}/jwks`]);
  });
});

test("the token endpoint in a record of an older Latchkey is ignored", async () => {
  const { createLazyServer } = await import("../../src/compose/lazy-server.ts");
  const { send } = createLazyServer({
    issuer: ISSUER,
    clientId: CLIENT,
    endpoints: { authorizationEndpoint: `${NEW}/authorize`, tokenEndpoint: `${NEW}/token` },
    requests: testRequests(),
    clock,
    fetch,
  });
  const record = {
    refreshToken: "rt1",
    idTokenVerified: true,
    user: { sub: "ada", claims: {} },
    access: {},
    tokenEndpoint: `${OLD}/token`,
  };
  await send.prepare();
  expect((await send.send(record, targetKey({}))).type).toBe("tokens");
  expect(urls()).toEqual([`${NEW}/token`]);
});
