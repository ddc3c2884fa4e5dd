import { expect, test, vi } from "vitest";
import { createLazyServer } from "../../src/compose/lazy-server.ts";
import { NetworkError } from "../../src/core/errors.ts";
import { afterCode } from "../../src/oidc/token/exchange.ts";
import { startHostileProvider } from "../support/hostile-provider.ts";
import { systemClock } from "../../src/browser/page/system-clock.ts";
import { testRequests } from "./support.ts";

const MESSAGE = "token endpoint https://id.example.com/token: no response";

test("C14: a withheld response of a code exchange keeps its advice, and is not retryable", () => {
  const withheld = new NetworkError(MESSAGE, undefined, "Allow this origin.", true, true);
  expect(afterCode(withheld)).toMatchObject({
    isWithheld: true,
    retryable: false,
    hint: expect.stringMatching(/^Allow this origin\. .*only once/),
  });
});

test("A8: a lost response of a code exchange leads to a new login", () => {
  const lost = afterCode(new NetworkError(MESSAGE)) as NetworkError;
  expect(lost).toMatchObject({ isWithheld: false, retryable: false });
  expect(lost.hint).toMatch(/^Latchkey sends an authorization code only once/);
  expect(lost.message.split("\n")[0]).toBe(MESSAGE);
});

test.for([
  ["another nonce", { nonce: "of-another-login" }],
  ["another audience", { aud: "of-another-client" }],
] as const)(
  "E4: a login whose ID token has %s leaves no valid refresh token at the server",
  async ([, wrong]) => {
    const provider = await startHostileProvider();
    try {
      provider.claims = (claims) => ({ ...claims, ...wrong });
      const { server } = createLazyServer({
        issuer: provider.issuer,
        clientId: "latchkey-demo",
        requests: testRequests(),
        clock: systemClock,
      });
      const redirectUri = "http://localhost:1/callback";
      const login = await fetch(await server.authorize({ redirectUri }), { redirect: "manual" });
      await expect(server.exchange(login.headers.get("location")!)).rejects.toMatchObject({
        code: "id_token",
      });
      await vi.waitFor(() => expect(provider.count("POST /revoke")).toBe(1), 10_000);
      expect(provider.refreshTokens.size).toBe(0);
    } finally {
      await provider.close();
    }
  },
);
