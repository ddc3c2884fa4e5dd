import { http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createClient } from "../../src/confidential.ts";
import { fakeProvider } from "../../src/testing.ts";
import { nodeBrowser } from "../support/node-browser.ts";

/** The fake provider as a handler of MSW, and Latchkey with the global `fetch`. */

const provider = fakeProvider({
  // As at Auth0: the pattern of the handler must not add a second slash.
  issuer: "https://tenant.example.com/",
  clients: [{ clientId: "web" }, { clientId: "job", clientSecret: "s3cret" }],
});
const server = setupServer(
  http.all(`${new URL(provider.issuer).origin}/*`, ({ request }) => provider.handle(request)),
);
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
afterAll(() => server.close());

test("a user logs in and the token is refreshed", async () => {
  const config = { issuer: provider.issuer, clientId: "web" };
  const tab = nodeBrowser({ ...config, redirectUri: "https://app.example.com/callback" }).tab();
  expect(await tab.login()).toMatchObject({ sub: "ada" });
  expect(provider.userOf(await tab.getToken({ cache: "reload" }))).toBe("ada");
});

test("a client gets a token, and an error of the network is one", async () => {
  const client = createClient({
    issuer: provider.issuer,
    clientId: "job",
    authentication: { method: "client_secret_basic", clientSecret: "s3cret" },
  });
  provider.failNext("token", { type: "network_error" });
  await expect(client.getToken()).rejects.toMatchObject({ code: "network" });
  expect((await client.getToken()).split(".")).toHaveLength(3);
});
